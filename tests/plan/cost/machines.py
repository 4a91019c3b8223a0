"""A server whose queue is known on paper: what it costs can be said in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, exp

from r1plan.plan.cost.break_even import OwnMachine
from r1plan.plan.cost.own import output_tokens
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.month.demand import HOURS_A_WEEK, Demand, RequestLength

DRAW = PowerDraw(500.0, 80.0, "assumed", "by hand")
EVEN = (1 / HOURS_A_WEEK,) * HOURS_A_WEEK
# All of the week's requests in forty hours.
OFFICE = tuple(1 / 40 if day < 5 and 9 <= hour < 17 else 0.0 for day in range(7) for hour in range(24))
R1_LIKE = (RequestLength(1_000, 0, 4_700, 700, 1.0),)
MIXED = (RequestLength(2_000, 1_500, 900, 300, 0.7), RequestLength(6_000, 0, 14_000, 1_500, 0.3))


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
    copies: int = 1

    @property
    def copies_needed(self) -> int | None:
        return self.machines_needed


@dataclass(frozen=True)
class PaperServer:
    """A server on which every request goes at `tok_s`, however many there are, up to so many a day of 5,400 tokens.

    Then it is idle for exp(-rate x seconds) of each hour. Without limits it would do twice as many.
    """

    tok_s: float
    most_per_day: float

    def of(self, asked: Demand) -> PaperCapacity:
        work = self.work(asked)
        most = work.flat_out_per_day / 2
        if asked.requests_per_day is None or not most:
            return PaperCapacity(most, work.flat_out_per_day, None, None)
        machines = max(ceil(asked.requests_per_day / most - 1e-9), 1)
        busy = work.busy_share(asked.requests_per_day / machines)
        return PaperCapacity(most, work.flat_out_per_day, machines, busy)

    def work(self, asked: Demand) -> PaperWork:
        return PaperWork(self, asked)


@dataclass(frozen=True)
class PaperWork:
    server: PaperServer
    asked: Demand

    @property
    def flat_out_per_day(self) -> float:
        return self.server.most_per_day * 2 * 5_400 / output_tokens(self.asked, 1.0)

    def busy_share(self, requests_per_day: float) -> float:
        seconds = output_tokens(self.asked, 1.0) / self.server.tok_s
        rates = (requests_per_day * 7 * share / 3600 for share in self.asked.hour_shares)
        return sum(1 - exp(-rate * seconds) for rate in rates) / HOURS_A_WEEK


RENTED = OwnTerms(kind="rented", usd_per_gpu_hour=Decimal("0.74"), source="a seller")
BOUGHT = OwnTerms(kind="bought", usd_per_kwh=Decimal("0.19"), purchase_usd=Decimal(3_000), years=3.0, source="a shop")
POWER = OwnTerms(kind="electricity", usd_per_kwh=Decimal("0.19"), source="a supplier")


def own_machine(
    terms: OwnTerms,
    asked: Demand,
    *,
    most_per_day: float = 2_000.0,
    draw: PowerDraw | None = DRAW,
) -> OwnMachine:
    server = PaperServer(100.0, most_per_day)
    return OwnMachine(
        cards=1,
        draw=draw,
        terms=terms,
        capacity=server.of(asked),
        work_of=server.work,
    )
