"""Break-even, against what is known on paper and against a month that is played request by request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.price import Rates
from r1plan.plan.cost.api import ApiPrice
from r1plan.plan.cost.break_even import BreakEven, break_even, with_cache_share, with_thinking
from r1plan.plan.cost.own import month_bill
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.month.demand import HOURS_A_WEEK, Demand, RequestLength
from r1plan.prices.cost import TokenRates, token_rates
from r1plan.units import DAYS_A_MONTH
from tests.plan.cost.machines import (
    BOUGHT,
    DRAW,
    EVEN,
    MIXED,
    OFFICE,
    POWER,
    R1_LIKE,
    RENTED,
    PaperCapacity,
    demand,
    own_machine,
)


def rates(miss: str, hit: str | None, output: str) -> TokenRates:
    cached = None if hit is None else Decimal(hit)
    return token_rates(Rates(input_cache_miss=Decimal(miss), input_cache_hit=cached, output=Decimal(output)))


R1 = rates("0.70", "0.35", "2.50")  # 1,000 in and 5,400 out: $0.0142
FLASH = ApiPrice(
    provider="deepseek", model="deepseek-flash", base=rates("0.15", "0.003", "0.60"),
    peak=rates("0.30", "0.006", "1.20"),
)  # fmt: skip
# Peak hours of a week on the clock of UTC: 01 to 04 and 06 to 10, Monday to Friday.
PEAK = [day < 5 and (1 <= hour < 4 or 6 <= hour < 10) for day in range(7) for hour in range(24)]


def api(base: TokenRates = R1) -> ApiPrice:
    return ApiPrice(provider="novita", model="r1", base=base)


def at_peak(asked: Demand) -> float:
    return sum(share for share, peak in zip(asked.hour_shares, PEAK, strict=True) if peak)


def test_a_rent_breaks_even_where_the_api_asks_as_much() -> None:
    found = break_even(own_machine(RENTED, demand(), most_per_day=5_000), demand(), api())
    assert found.requests_per_day is not None
    assert found.requests_per_day == pytest.approx(0.74 * 730.56 / (0.0142 * DAYS_A_MONTH))
    assert found.utilisation == pytest.approx(found.requests_per_day / 5_000)
    assert found.reason == "from there on"
    assert found.saving_usd_per_month is None


@pytest.mark.parametrize(
    ("terms", "price", "most", "reason"),
    [
        pytest.param(RENTED, R1, 1_000.0, "beyond what one machine serves", id="rented, a slow machine"),
        pytest.param(RENTED, R1, 0.0, "it serves none", id="it serves none"),
        pytest.param(RENTED, rates("0", "0", "0"), 5_000.0, "beyond what one machine serves", id="rented, a free api"),
        pytest.param(POWER, rates("0", "0", "0"), 1_000.0, "each request is dearer", id="power, a free api"),
        pytest.param(POWER, rates("0", "0", "0.001"), 1_000.0, "each request is dearer", id="power, a cheap api"),
        pytest.param(replace(POWER, usd_per_kwh=Decimal(0)), R1, 1_000.0, "from the first request", id="free power"),
        pytest.param(replace(POWER, usd_per_kwh=None), R1, 1_000.0, "own cost is unknown", id="power of no price"),
        pytest.param(BOUGHT, R1, 100.0, "beyond what one machine serves", id="bought, a slow machine"),
        pytest.param(BOUGHT, R1, 5_000.0, "from there on", id="bought"),
    ],
)
def test_why_there_is_one_or_none(terms: OwnTerms, price: TokenRates, most: float, reason: str) -> None:
    found = break_even(own_machine(terms, demand(), most_per_day=most), demand(), api(price))
    assert found.reason == reason
    has_one = reason in ("from there on", "from the first request")
    assert (found.requests_per_day is not None) == (found.utilisation is not None) == has_one
    if reason == "beyond what one machine serves" and price is R1:
        assert found.needed_per_day is not None
        assert found.needed_per_day > most


def test_another_currency_is_never_added_to_dollars() -> None:
    found = break_even(own_machine(RENTED, demand(100.0)), demand(100.0), replace(api(), currency="CNY"))
    assert (found.requests_per_day, found.reason) == (None, "another currency")
    assert found.saving_usd_per_month is None
    assert found.sensitivity == ()


@pytest.mark.parametrize("per_day", [100.0, 1_900.0, 9_000.0], ids=["one, dearer", "one, cheaper", "three machines"])
def test_the_saving_is_what_the_two_bills_differ_by_and_may_be_below_zero(per_day: float) -> None:
    asked = demand(per_day)
    machine = own_machine(RENTED, asked, most_per_day=3_000)
    found = break_even(machine, asked, api())
    machines = machine.capacity.machines_needed or 0
    assert machines == (3 if per_day == 9_000 else 1)
    expected = 0.0142 * per_day * DAYS_A_MONTH - machines * 0.74 * 730.56
    assert float(found.saving_usd_per_month or 0) == pytest.approx(expected, abs=0.01)
    assert (expected < 0) == (per_day == 100.0)


def test_users_at_once_that_take_two_machines_are_compared_with_two() -> None:
    machine = own_machine(RENTED, demand(), most_per_day=5_000)
    served = PaperCapacity(5_000.0, 10_000.0, None, None)
    one, two = (
        break_even(replace(machine, capacity=replace(served, machines_needed=each)), demand(), api()) for each in (1, 2)
    )
    assert (one.machines, two.machines) == (1, 2)
    assert one.requests_per_day is not None
    assert two.requests_per_day == pytest.approx(2 * one.requests_per_day)
    assert two.utilisation == pytest.approx(one.utilisation)


@pytest.mark.parametrize("per_day", [100.0, 1_900.0, 3_100.0, 5_900.0, 9_000.0])
@pytest.mark.parametrize("terms", [RENTED, POWER, BOUGHT], ids=lambda each: each.kind)
def test_the_machines_save_just_where_the_demand_is_beyond_their_break_even(terms: OwnTerms, per_day: float) -> None:
    asked = demand(per_day)
    machine = own_machine(terms, asked, most_per_day=3_000)
    found = break_even(machine, asked, api(), sensitivity=False)
    assert found.machines == machine.capacity.machines_needed
    assert found.saving_usd_per_month is not None
    pays = found.requests_per_day is not None and per_day >= found.requests_per_day
    assert (found.saving_usd_per_month > 0) == pays


any_terms = st.sampled_from([RENTED, BOUGHT, POWER])
any_hours = st.sampled_from([EVEN, OFFICE])


@given(any_terms, any_hours, st.floats(10, 50_000), st.floats(0.01, 100), st.floats(20, 2_000))
def test_at_the_break_even_both_cost_the_same_and_before_it_the_machine_costs_more(
    terms: OwnTerms, hours: Sequence[float], most: float, usd_per_mtok: float, busy_w: float
) -> None:
    price = api(rates("0", "0", f"{usd_per_mtok:.6f}"))
    draw = DRAW._replace(busy_w=busy_w, idle_w=busy_w / 6)
    asked = demand(hours=hours)
    machine = own_machine(terms, asked, most_per_day=most, draw=draw)
    found = break_even(machine, asked, price, sensitivity=False)

    def gap(per_day: float) -> float:
        """By how much the machine costs more than the API, as a share of the API."""
        busy = machine.work_of(asked).busy_share(per_day)
        bill = month_bill(terms, 1, draw, 1, busy)
        assert bill is not None
        return bill.total_usd / (price.mean_usd(asked) * per_day * DAYS_A_MONTH) - 1

    if found.requests_per_day is None:
        assert gap(most) > 0
        return
    assert found.requests_per_day <= most * (1 + 1e-9)
    assert gap(found.requests_per_day) == pytest.approx(0, abs=0.01)
    assert gap(found.requests_per_day * 0.9) > 0
    assert gap(min(found.requests_per_day * 1.1, most)) < 0.01


def played_month(asked: Demand, per_day: float, tok_s: float, price: ApiPrice, seed: int) -> tuple[float, float]:
    """Requests one by one: the share of four weeks in which any is at work, and what a month costs at the API."""
    random = Random(seed)
    shares = [each.share for each in asked.lengths]
    hourly = [share * 7 * per_day / 3600 for share in asked.hour_shares]
    most, seconds = max(hourly), 4 * HOURS_A_WEEK * 3600
    now = busy = until = usd = 0.0
    while (now := now + random.expovariate(most)) < seconds:
        hour = int(now // 3600) % HOURS_A_WEEK
        if random.random() * most >= hourly[hour]:
            continue
        (each,) = random.choices(asked.lengths, shares)
        held = price.peak if PEAK[hour] and price.peak else price.base
        usd += float(held.miss * each.prompt_tokens + held.hit * each.cache_hit_tokens)
        usd += float(held.output * each.output_tokens)
        end = max(until, now + each.output_tokens / tok_s)
        busy += end - max(until, now)
        until = end
    return busy / seconds, usd / 28 * DAYS_A_MONTH


@pytest.mark.parametrize(
    ("terms", "hours", "lengths", "price"),
    [
        pytest.param(RENTED, OFFICE, R1_LIKE, api(), id="rented, in office hours"),
        pytest.param(POWER, OFFICE, MIXED, FLASH, id="power, mixed lengths, peak prices"),
        pytest.param(BOUGHT, EVEN, MIXED, FLASH, id="bought, mixed lengths, peak prices"),
    ],
)
def test_it_equals_a_month_that_is_played(
    terms: OwnTerms, hours: Sequence[float], lengths: tuple[RequestLength, ...], price: ApiPrice
) -> None:
    asked = demand(lengths=lengths, hours=hours)
    price = replace(price, peak_share=at_peak(asked))
    found = break_even(own_machine(terms, asked, most_per_day=5_000), asked, price, sensitivity=False).requests_per_day
    assert found is not None

    def saving(per_day: float) -> float:
        busy, usd = played_month(asked, per_day, 100.0, price, seed=7)
        bill = month_bill(terms, 1, DRAW, 1, busy)
        assert bill is not None
        return usd - bill.total_usd

    assert saving(found * 0.95) < 0 < saving(found * 1.05)


def row(found: BreakEven, what: str, value: float) -> float | None:
    (each,) = (each for each in found.sensitivity if each.what == what and each.value == pytest.approx(value))
    return each.requests_per_day


def test_it_moves_as_prices_say() -> None:
    asked = demand(hours=OFFICE)
    price = replace(FLASH, peak_share=at_peak(asked))
    found = break_even(own_machine(RENTED, asked, most_per_day=50_000), asked, price)
    now = found.requests_per_day
    assert now is not None
    assert row(found, "api price", 1.2) == pytest.approx(now / 1.2)
    assert row(found, "api price", 0.8) == pytest.approx(now / 0.8)
    assert row(found, "gpu hour", 0.8) == pytest.approx(now * 0.8)
    all_at_peak, none = row(found, "peak share", 1.0), row(found, "peak share", 0.0)
    assert all_at_peak is not None
    assert none is not None
    assert all_at_peak < now < none
    assert none == pytest.approx(all_at_peak * 2)
    longer, shorter = row(found, "thinking length", 2.0), row(found, "thinking length", 0.5)
    assert longer is not None
    assert shorter is not None
    assert longer < now < shorter
    cached = row(found, "cache share", 0.9)
    assert cached is not None
    assert cached > now
    assert not any(each.what == "cache share" and each.value == 0 for each in found.sensitivity)
    assert not any(each.what in ("electricity", "purchase", "next api price") for each in found.sensitivity)


@pytest.mark.parametrize(
    ("terms", "movers"),
    [
        (RENTED, {"gpu hour"}),
        (POWER, {"electricity"}),
        (BOUGHT, {"electricity", "purchase"}),
    ],
    ids=lambda each: each.kind if isinstance(each, OwnTerms) else "",
)
def test_only_what_is_paid_can_move_it(terms: OwnTerms, movers: set[str]) -> None:
    found = break_even(own_machine(terms, demand()), demand(), api())
    own = {each.what for each in found.sensitivity} & {"gpu hour", "electricity", "purchase"}
    assert own == movers


def test_the_next_known_price_moves_it_too() -> None:
    price = replace(api(), next_base=rates("1.40", "0.70", "5.00"))
    found = break_even(own_machine(RENTED, demand(), most_per_day=50_000), demand(), price)
    assert found.requests_per_day is not None
    assert row(found, "next api price", 2.0) == pytest.approx(found.requests_per_day / 2)


def test_a_month_counted_by_the_calendar_goes_before_the_rates() -> None:
    plain = break_even(own_machine(RENTED, demand(), most_per_day=50_000), demand(), api())
    counted = break_even(
        own_machine(RENTED, demand(), most_per_day=50_000), demand(), replace(api(), usd_per_request=Decimal("0.0284"))
    )
    assert plain.requests_per_day is not None
    assert counted.requests_per_day == pytest.approx(plain.requests_per_day / 2)
    assert row(counted, "api price", 1.2) == pytest.approx(plain.requests_per_day / 2.4)


def test_lengths_change_one_at_a_time() -> None:
    changed = with_thinking(with_cache_share(demand(lengths=MIXED), 0.5), 2.0)
    assert changed.lengths == (
        RequestLength(2_000, 1_000, 1_800, 300, 0.7),
        RequestLength(6_000, 3_000, 28_000, 1_500, 0.3),
    )
