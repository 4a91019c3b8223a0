"""What a comparison with a bill found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from r1plan.report.reconcile.sides import Kind

Cause = Literal[
    "missing",  # the bill has requests or tokens that the log has not
    "extra",  # the log has some that the bill has not
    "tier",  # `ids` near a change of the price were billed at the price of its other side
    "day",  # `ids` near midnight were billed on the other day
    "price",  # billed at `billed_price` a token, where our price is `our_price`; both None: only the sum is known
    "unpriced",  # our price is not known
    "hit_rate",  # input billed as cached that the log calls fresh, or the other way: `tokens` of it moved
    "broken_off",  # requests that broke off here, of which the log knows bounds alone
    "estimated",  # requests of which nobody had counted the tokens
    "rounding",  # the bill rounds to `unit_usd`
    "requests",  # the tokens agree and the number of requests does not
    "unexplained",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDifference:
    """One line of the explanation. Figures are the bill's less the log's; what is not known is None.

    `usd` is None where tokens have no price that is known. `day` is the bill's. `key`: the bill's key whose line it is,
    where that is clear. `is_whole`: the other side has nothing at all of that day and model.
    """

    cause: Cause
    day: str
    model: str
    usd: Decimal | None
    requests: int | None = None
    tokens: Mapping[Kind, int] = field(default_factory=lambda: MappingProxyType({}))
    ids: tuple[str, ...] = ()
    billed_price: Decimal | None = None
    our_price: Decimal | None = None
    kind: Kind | None = None
    key: str | None = None
    unit_usd: Decimal | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """Both sides of one day and model that do not agree: each figure as (billed, logged), None where not said."""

    day: str
    model: str
    requests: tuple[int | None, int]
    tokens: Mapping[Kind, tuple[int | None, int]]
    usd: tuple[Decimal | None, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What one side has where the other covers nothing: not compared."""

    side: Literal["bill", "log"]
    first_day: str
    last_day: str
    requests: int | None
    usd: Decimal | None


Outcome = Literal[
    "compared",
    "empty",  # the export has no line
    "nothing_logged",  # the log has nothing of that provider
    "apart",  # the days of the two have nothing in common
    "other_currency",  # the bill is in another currency than the prices of the log
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The log against a bill of `provider`, from `start` until `until`.

    `lines` add up to `difference_usd`, what was billed less what was logged; of it nothing explains `unexplained_usd`.
    `billed_usd` is None where the bill tells no money: `difference_usd` is then what its tokens cost at our prices.
    `off_usd` is what `tolerance_usd` is held against: the causes but for rounding, without their signs, for what is
    missing does not make good what is too much. `offset_minutes` is how far east of UTC the bill's days are cut;
    `is_offset_found`: the figures say so and not the export. `same_models`: the names that are one model.
    """

    outcome: Outcome
    source: str
    provider: str
    tolerance_usd: Decimal
    currency: str = "USD"
    start: datetime | None = None
    until: datetime | None = None
    billed_usd: Decimal | None = None
    logged_usd: Decimal | None = None
    difference_usd: Decimal | None = None
    unexplained_usd: Decimal | None = None
    off_usd: Decimal | None = None
    compared: int = 0
    matched: int = 0
    lines: tuple[BillDifference, ...] = ()
    days: tuple[DayFigures, ...] = ()
    outside: tuple[Outside, ...] = ()
    offset_minutes: int = 0
    is_offset_found: bool = False
    same_models: tuple[tuple[str, ...], ...] = ()
    bill_currency: str | None = None
    granted_usd: Decimal | None = None
    byok_usd: Decimal | None = None
    other_usd: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    unknown_keys: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_within_tolerance(self) -> bool:
        """Whether the two were compared and agree, but for the tolerance."""
        return self.outcome == "compared" and self.off_usd is not None and self.off_usd <= self.tolerance_usd
