"""What was asked at hours at which the price was higher than at others of the same day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from r1plan.instants import from_us
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import TokenRates
from r1plan.prices.schedule import PriceSchedule
from r1plan.report.database import rows
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql, is_much

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakHours(SpendFinding):
    """`requests` cost `dear_usd` at the dearer tiers of a clock, and `high_usd` less at the cheapest of the same price.

    How many of them could have waited the log does not say: `low_usd` is 0. `cheap_hours_utc` are the windows of the
    cheapest tier of `model` at `provider`, which has the most of it, as "16:30-00:30"; empty: all others than the dear.
    The last of it ended at `last_at`. `clock_ended_at`: nobody can wait for those hours any more.
    """

    kind: ClassVar[FindingKind] = "peak_hours"
    dear_usd: Decimal
    clock_usd: Decimal
    provider: str
    model: str
    cheap_hours_utc: tuple[str, ...]
    dear_hours_utc: tuple[str, ...]
    last_at: datetime
    clock_ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Dear:
    row: Mapping[str, Any]
    schedule: PriceSchedule
    cost_usd: Decimal
    saving_usd: Decimal


def find_peak_hours(
    database: DuckDBPyConnection, book: PriceBook, cost_usd: Decimal | None, now: datetime
) -> PeakHours | None:
    """None where no price of a clock was dearer than another of its own."""
    dear: list[_Dear] = []
    by_clock = _ZERO
    for row in rows(database, finding_sql("price_tiers")):
        schedule = _schedule(book, row)
        if schedule is None or not schedule.clock:
            continue
        by_clock += row["cost_usd"]
        tiers = {each.tier: each.per_token for each in (schedule.base, *(clock.price for clock in schedule.clock))}
        if row["tier"] not in tiers:
            continue
        cost = _cost(row, tiers[row["tier"]])
        saving = cost - min(_cost(row, rates) for rates in tiers.values())
        if saving > 0:
            dear.append(_Dear(row, schedule, cost, saving))
    if not dear:
        return None
    most = max(dear, key=lambda each: (each.saving_usd, each.row["price_id"]))
    is_over = _is_over(book, most, now)
    saving = sum((each.saving_usd for each in dear), _ZERO)
    return PeakHours(
        basis="estimated",
        requests=int(sum(each.row["requests"] for each in dear)),
        low_usd=_ZERO,
        high_usd=saving,
        worth_telling=is_much(saving, cost_usd) and not is_over,
        dear_usd=sum((each.cost_usd for each in dear), _ZERO),
        clock_usd=by_clock,
        provider=most.row["provider"],
        model=most.row["model"],
        cheap_hours_utc=_hours(most, cheapest=True),
        dear_hours_utc=_hours(most, cheapest=False),
        last_at=from_us(most.row["last_us"]),
        clock_ended_at=most.schedule.until if is_over else None,
    )


def _is_over(book: PriceBook, dear: _Dear, now: datetime) -> bool:
    """Whether the price that followed goes by no clock."""
    if dear.schedule.until > now:
        return False
    schedules = book.schedules(dear.row["provider"], dear.row["model"])
    return not any(each.clock for each in schedules if each.start <= now < each.until)


def _schedule(book: PriceBook, row: Mapping[str, Any]) -> PriceSchedule | None:
    """The price row that `row` was billed by."""
    schedules = book.schedules(row["provider"], row["model"])
    return next((each for each in schedules if each.base.id == row["price_id"]), None)


def _cost(row: Mapping[str, Any], rates: TokenRates) -> Decimal:
    miss, hit, output = (int(row[name]) for name in ("miss_tokens", "hit_tokens", "output_tokens"))
    return miss * rates.miss + hit * rates.hit + output * rates.output


def _hours(dear: _Dear, *, cheapest: bool) -> tuple[str, ...]:
    """The windows of the cheapest tier, or of the tier of `dear`; empty where that tier is the rest of the day."""
    clock = {each.price.tier: each for each in dear.schedule.clock}
    prices = (dear.schedule.base, *(each.price for each in dear.schedule.clock))
    tier = min(prices, key=lambda each: _cost(dear.row, each.per_token)).tier if cheapest else dear.row["tier"]
    if tier not in clock:
        return ()
    return tuple(f"{each.start:%H:%M}-{each.end:%H:%M}" for each in clock[tier].rule.windows_utc)
