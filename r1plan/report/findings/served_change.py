"""Names behind which another model answered than before, or than was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from r1plan.catalog.provider import model_key
from r1plan.instants import from_us
from r1plan.prices.book import PriceBook
from r1plan.report.database import rows
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ZERO = Decimal(0)
# What a seller writes behind the name of the same model: its date, its number format, its speed.
_SAME = re.compile(
    r"([-_.@](\d{2,8}|20\d\d-\d\d-\d\d|latest|preview|basic|fast|turbo|free|nitro|fp8|fp4|bf16|tput|throughput|maas))*"
)

ServedSource = Literal[
    "answers",  # each answer says who gave it
    "prices",  # the price book says what the name stood for
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """One model that answered `requests` from `first_at` to `last_at`, which cost `cost_usd`; None: not known."""

    model: str
    requests: int
    first_at: datetime
    last_at: datetime
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedChange(SpendFinding):
    """Behind `model` at `provider` answered `served`, the first to appear first, as `source` says.

    `requests`, which cost `low_usd`, went to others than the first; to all of `served` where it is one that was not
    asked for.
    """

    kind: ClassVar[FindingKind] = "served_change"
    provider: str
    model: str
    source: ServedSource
    served: tuple[ServedModel, ...]


def find_served_changes(database: DuckDBPyConnection, book: PriceBook) -> tuple[ServedChange, ...]:
    """One a name: by what the answers say, or by the book where they say nothing of a change."""
    named = rows(database, finding_sql("served_answers"))
    found = {(change.provider, change.model): change for change in _changes(named, "answers")}
    billed = [
        row | {"served": served}
        for row in rows(database, finding_sql("served_prices"))
        if (served := _by_book(book, row)) is not None
    ]
    for change in _changes(billed, "prices"):
        # The book says what a name stood for; who was not asked for is the answers' to say.
        if len(change.served) > 1:
            found.setdefault((change.provider, change.model), change)
    return tuple(found[name] for name in sorted(found))


def is_same_model(one: str, other: str) -> bool:
    """Whether two names can stand for one model: the longer only adds a date, a number format or a speed."""
    short, long = sorted((model_key(one), model_key(other)), key=len)
    return long.startswith(short) and _SAME.fullmatch(long[len(short) :]) is not None


def _changes(found: Sequence[Mapping[str, Any]], source: ServedSource) -> Iterator[ServedChange]:
    for (provider, model), group in groupby(found, key=lambda row: (row["provider"], row["model"])):
        models = _joined(group)
        others = models[1:] if len(models) > 1 else models
        if len(models) == 1 and (source == "prices" or is_same_model(model, models[0].model)):
            continue
        known = [each.cost_usd for each in others if each.cost_usd is not None]
        cost = sum(known, _ZERO)
        yield ServedChange(
            basis="measured" if source == "answers" else "estimated",
            requests=sum(each.requests for each in others),
            low_usd=cost,
            high_usd=cost if len(known) == len(others) else None,
            provider=provider,
            model=model,
            source=source,
            served=tuple(models),
        )


def _joined(found: Iterable[Mapping[str, Any]]) -> list[ServedModel]:
    """The models of `found` in the order in which they appeared; names that are spelled otherwise are one."""
    joined: dict[str, ServedModel] = {}
    for row in found:
        name = str(row["served"])
        first_at, last_at = (from_us(row[end]) for end in ("first_us", "last_us"))
        before = joined.get(key := model_key(name))
        joined[key] = ServedModel(
            model=before.model if before else name,
            requests=int(row["requests"]) + (before.requests if before else 0),
            first_at=min(first_at, before.first_at) if before else first_at,
            last_at=max(last_at, before.last_at) if before else last_at,
            cost_usd=_sum(row["cost_usd"], before.cost_usd) if before else row["cost_usd"],
        )
    return list(joined.values())


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """What is known of two amounts."""
    return one if other is None else other if one is None else one + other


def _by_book(book: PriceBook, row: Mapping[str, Any]) -> str | None:
    """What the name stood for by the price that billed it."""
    schedules = book.schedules(row["provider"], row["model"])
    return next((each.base.served_model for each in schedules if each.base.id == row["price_id"]), None)
