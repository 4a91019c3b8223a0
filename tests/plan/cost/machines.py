"""A server whose queue is known on paper: what it costs can be said in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, exp

from r1plan.plan.cost.break_even import OwnMachine
from r1plan.plan.cost.own import output_tokens
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.demand import HOURS_A_WEEK, Demand, RequestLength

DRAW = PowerDraw(500.0, 80.0, "assumed", "by hand")
EVEN = (1 / HOURS_A_WEEK,) * HOURS_A_WEEK
# All of the week's requests in forty hours.
OFFICE = tuple(1 / 40 if day < 5 and 9 <= hour < 17 else 0.0 for day in range(7) for hour in range(24))
R1_LIKE = (RequestLength(1_000, 0, 4_700, 700, 1.0),)


def demand(
    requests_per_day: float | None = None,
    lengths: tuple[RequestLength, ...] = R1_LIKE,
    hours: Sequence[float] = EVEN,
) -> Demand:
    return Demand(
        lengths=lengths,
        hour_shares=tuple(hours),
        timezone="UTC",
        requests_per_day=requests_per_day,
        basis="given",
        hours_basis="assumed",
    )


@dataclass(frozen=True)
class PaperCapacity:
    requests_per_day: float
    flat_out_per_day: float
    machines_needed: int | None
    busy_share: float | None


def paper_server(tok_s: float, most_per_day: float, least: int = 1) -> Callable[[Demand], PaperCapacity]:
    """A server on which every request goes at `tok_s`, however many there are, up to so many a day of 5,400 tokens.

    Then it is idle for exp(-rate x seconds) of each hour. There are `least` such servers at least.
    """

    def served(asked: Demand) -> PaperCapacity:
        tokens = output_tokens(asked, 1.0)
        most = most_per_day * 5_400 / tokens
        if asked.requests_per_day is None or not most:
            return PaperCapacity(most, most * 2, None, None)
        machines = max(ceil(asked.requests_per_day / most - 1e-9), least)
        rates = (asked.requests_per_day * 7 * share / 3600 / machines for share in asked.hour_shares)
        busy = sum(1 - exp(-rate * tokens / tok_s) for rate in rates) / HOURS_A_WEEK
        return PaperCapacity(most, most * 2, machines, busy)

    return served


RENTED = OwnTerms(kind="rented", usd_per_gpu_hour=Decimal("0.74"), source="a seller")
BOUGHT = OwnTerms(kind="bought", usd_per_kwh=Decimal("0.19"), purchase_usd=Decimal(3_000), years=3.0, source="a shop")
POWER = OwnTerms(kind="electricity", usd_per_kwh=Decimal("0.19"), source="a supplier")


def own_machine(
    terms: OwnTerms, most_per_day: float = 2_000.0, cards: int = 1, draw: PowerDraw | None = DRAW, least: int = 1
) -> OwnMachine:
    return OwnMachine(cards=cards, draw=draw, terms=terms, served=paper_server(100.0, most_per_day, least))
