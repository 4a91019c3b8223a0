"""Break-even on a server with a queue and a batch, against a month in which every request is played."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

import pytest

from r1plan.plan.basis import Basis
from r1plan.plan.capacity.capacity import Limits, capacity_of
from r1plan.plan.cost.api import ApiPrice
from r1plan.plan.cost.break_even import OwnMachine, break_even
from r1plan.plan.cost.own import month_bill
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.cost.work import QueueWork
from r1plan.plan.month.demand import Demand
from r1plan.plan.speed import Bottleneck
from r1plan.units import DAYS_A_MONTH
from tests.plan.capacity.simulate import WEEK_S, by_hours, play
from tests.plan.cost.machines import BOUGHT, DRAW, EVEN, MIXED, OFFICE, POWER, RENTED, demand
from tests.plan.cost.test_break_even import FLASH, PEAK, at_peak

_WEEKS = 3


@dataclass(frozen=True)
class Batch:
    """A server that slows down as more are at work, and reads prompts at 3,000 tokens a second meanwhile."""

    most: int = 8
    spread: float = 0.1
    basis: Basis = "assumed"

    def step_s(self, at_once: int, depth: float) -> float:
        return 0.008 + 0.0005 * at_once + 1e-8 * at_once * depth

    def prompt_s(self, tokens: float, depth: float = 0.0) -> float | None:
        return tokens / 3_000

    def bottleneck(self, at_once: int, depth: float) -> Bottleneck:
        return "gpu bandwidth"


SERVER = Batch()
LIMITS = Limits(ttft_s=30.0, tok_s=50.0)


def work_of(asked: Demand) -> QueueWork:
    return QueueWork(SERVER, asked, LIMITS, 1.0)


def played_saving(asked: Demand, per_day: float, places: int, price: ApiPrice, terms: OwnTerms) -> float:
    """What the API costs more in a month of requests that come at random and wait for one another."""
    random = Random(11)
    month = play(
        SERVER,
        places,
        asked.lengths,
        by_hours(per_day, asked.hour_shares, _WEEKS * WEEK_S, random),
        random,
    )
    bill = month_bill(terms, 1, DRAW, 1, 1 - month.idle_s / month.ended_s)
    assert bill is not None
    usd = sum(price.mean_usd(asked, float(PEAK[int(each.came_s % WEEK_S // 3600)])) for each in month.requests)
    return usd / (7 * _WEEKS) * DAYS_A_MONTH - bill.total_usd


@pytest.mark.parametrize(
    ("terms", "hours"),
    [
        pytest.param(POWER, OFFICE, id="electricity, in office hours"),
        pytest.param(POWER, EVEN, id="electricity"),
        pytest.param(replace(BOUGHT, years=8.0), EVEN, id="bought"),
        pytest.param(
            replace(RENTED, usd_per_gpu_hour=Decimal("0.15")),
            OFFICE,
            id="rented",
        ),
    ],
)
def test_it_equals_a_month_of_arrivals_with_their_queue(terms: OwnTerms, hours: tuple[float, ...]) -> None:
    asked = demand(lengths=MIXED, hours=hours)
    price = replace(FLASH, peak_share=at_peak(asked))
    capacity = capacity_of(SERVER, asked, LIMITS, 1.0)
    machine = OwnMachine(cards=1, draw=DRAW, terms=terms, capacity=capacity, work_of=work_of)
    found = break_even(machine, asked, price, sensitivity=False)
    assert found.requests_per_day is not None, found
    before, after = (
        played_saving(asked, found.requests_per_day * times, capacity.concurrency, price, terms)
        for times in (0.95, 1.05)
    )
    assert before < 0 < after


@pytest.mark.parametrize("hours", [EVEN, OFFICE], ids=["even", "office hours"])
@pytest.mark.parametrize("per_day", [1.0, 300.0, 1_400.0])
@pytest.mark.parametrize("limits", [LIMITS, Limits(), Limits(tok_s=100.0)], ids=["limits", "none", "few at once"])
def test_a_machine_is_as_busy_as_its_capacity_says(hours: tuple[float, ...], per_day: float, limits: Limits) -> None:
    asked = demand(per_day, MIXED, hours)
    capacity = capacity_of(SERVER, asked, limits, 1.3)
    work = QueueWork(SERVER, asked, limits, 1.3)
    assert capacity.machines_needed is not None
    assert work.busy_share(per_day / capacity.machines_needed) == pytest.approx(capacity.busy_share)
    assert work.flat_out_per_day == pytest.approx(capacity.flat_out_per_day)
