"""The catalogue: whether the price files and your own files can be used, and how old the prices are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from r1plan.catalog.load import load_prices
from r1plan.catalog.prices.check import check_prices
from r1plan.doctor.state import State
from r1plan.errors import CatalogError

STALE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`errors` are what cannot be used, each with its file. `checked` is when the newest price was last looked up."""

    files: int
    prices: int
    errors: tuple[str, ...]
    checked: date | None
    age_days: int | None

    @property
    def is_stale(self) -> bool:
        """Whether prices have probably changed since."""
        return self.age_days is not None and self.age_days > STALE_DAYS

    @property
    def state(self) -> State:
        """Broken where a file is wrong: what needs it stops."""
        return "broken" if self.errors else "note" if self.is_stale else "ok"


def catalogue(now: datetime) -> Catalogue:
    """The catalogue in use at `now`."""
    found = check_prices(None, now, STALE_DAYS)
    errors = tuple(f"{each.label}: {each.text}" for each in found.findings if each.is_error)
    try:
        checked = max((each.checked for each in load_prices().values()), default=None)
    except CatalogError as error:
        errors, checked = errors or (error.message,), None
    age = None if checked is None else (now.date() - checked).days
    return Catalogue(found.files, found.rows, errors, checked, age)
