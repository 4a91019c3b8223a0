"""What a month of requests costs at the hours in which they come: as a walk through every quarter of an hour says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from math import fsum
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.price import ClockTier, PriceList, PriceRow, Rates, Window
from r1plan.market.month import MonthCost, WeightedUsage, exact_shares, month_cost, month_hours
from r1plan.plan.month.demand import HOURS_A_WEEK
from r1plan.prices.book import PriceBook
from r1plan.prices.usage import Usage
from r1plan.units import DAYS_A_MONTH
from tests.market.offers import BOOK, PRIORS

FLASH = ("deepseek", "deepseek-flash")
ALIKE = (1 / HOURS_A_WEEK,) * HOURS_A_WEEK
ONE = Usage(input_tokens=1_000, cache_hit_tokens=400, output_tokens=5_400, thinking_tokens=4_700)
NOVEMBER = datetime(2026, 11, 23, 18, 7, 30, tzinfo=UTC)


def only(hour: int, day: int | None = None) -> tuple[float, ...]:
    """All requests in one hour of the day, or of the week."""
    wanted = [float(place % 24 == hour and day in (None, place // 24)) for place in range(HOURS_A_WEEK)]
    return tuple(each / sum(wanted) for each in wanted)


def cost(
    shares: Sequence[float] = ALIKE,
    zone: str = "UTC",
    at: datetime = NOVEMBER,
    source: tuple[str, str] = FLASH,
    usages: Sequence[WeightedUsage] = (WeightedUsage(ONE, 1.0),),
    book: PriceBook = BOOK,
    until: datetime | None = None,
) -> MonthCost:
    found = month_cost(book, source, usages, month_hours(shares, zone, at, "assumed"), 10, until)
    assert found is not None
    return found


def walked(shares: Sequence[float], zone: str, at: datetime, source: tuple[str, str]) -> dict[str, float]:
    """The share of the requests that each tier has, by a walk in steps of 5 minutes."""
    step, there = timedelta(minutes=5), ZoneInfo(zone)
    tiers: dict[str, float] = {}
    now, end = at, at + timedelta(days=DAYS_A_MONTH)
    while now < end:
        part = min(1.0, (end - now) / step)
        middle = now + step / 2 * part
        here = middle.astimezone(there)
        price = BOOK.price_at(*source, middle)
        tier = "none" if price is None else price.tier
        tiers[tier] = tiers.get(tier, 0.0) + part * shares[24 * here.weekday() + here.hour]
        now += step
    return {tier: share / fsum(tiers.values()) for tier, share in tiers.items()}


@pytest.mark.parametrize(
    ("zone", "at", "source"),
    [
        pytest.param("UTC", NOVEMBER, FLASH, id="UTC"),
        pytest.param("Europe/Berlin", datetime(2026, 10, 10, tzinfo=UTC), FLASH, id="the clock goes back"),
        pytest.param("Europe/Berlin", datetime(2027, 3, 10, tzinfo=UTC), FLASH, id="the clock goes on"),
        pytest.param("Australia/Lord_Howe", datetime(2027, 3, 20, tzinfo=UTC), FLASH, id="by half an hour"),
        pytest.param("Asia/Kolkata", NOVEMBER, FLASH, id="half an hour off"),
        pytest.param("Asia/Kathmandu", NOVEMBER, FLASH, id="three quarters off"),
        pytest.param("Pacific/Kiritimati", NOVEMBER, FLASH, id="a day ahead"),
        pytest.param("Asia/Shanghai", datetime(2026, 9, 20, tzinfo=UTC), FLASH, id="holidays"),
        pytest.param(
            "America/New_York", datetime(2026, 8, 10, tzinfo=UTC), ("deepseek", "deepseek-v4-flash"), id="three prices"
        ),
        pytest.param(
            "UTC", datetime(2025, 8, 10, tzinfo=UTC), ("deepseek", "deepseek-chat"), id="edges between the hours"
        ),
    ],
)
def test_the_hours_are_those_of_a_walk_through_the_month(zone: str, at: datetime, source: tuple[str, str]) -> None:
    shares = PRIORS.hours.week
    at = at.replace(minute=0, second=0)
    found = cost(shares, zone, at, source)
    by_tier: dict[str, float] = {}
    for each in found.prices:
        by_tier[each.price.tier] = by_tier.get(each.price.tier, 0.0) + float(each.share)
    assert by_tier == pytest.approx(walked(shares, zone, at, source), abs=1e-6)


@pytest.mark.parametrize(
    ("shares", "zone", "peak"),
    [
        pytest.param(only(2, day=0), "UTC", 1.0, id="Monday at two"),
        pytest.param(only(2, day=6), "UTC", 0.0, id="Sunday at two"),
        pytest.param(only(10, day=0), "Asia/Shanghai", 1.0, id="Monday at ten in Shanghai"),
        pytest.param(only(4), "UTC", 0.0, id="between the two peaks"),
        pytest.param(only(3, day=1), "Europe/Berlin", 1.0, id="Tuesday at three in Berlin"),
    ],
)
def test_requests_at_peak_hours_alone_are_billed_at_the_peak_alone(
    shares: tuple[float, ...], zone: str, peak: float
) -> None:
    found = cost(shares, zone)
    assert found.peak_share == peak
    miss, hit, output = (Decimal(each) * (1 + int(peak)) for each in ("0.15", "0.003", "0.60"))
    assert found.usd_per_request.scaleb(6) == 600 * miss + 400 * hit + 5_400 * output
    assert found.usd_per_month == found.usd_per_request * Decimal("304.4")


def test_a_holiday_is_no_peak() -> None:
    week = cost(only(10, day=3), "Asia/Shanghai", datetime(2026, 9, 20, tzinfo=UTC))  # Thursdays; 1 October is free
    assert week.peak_share == pytest.approx(3 / 4)


def test_days_that_no_calendar_knows_are_told() -> None:
    assert not [each for each in cost(at=datetime(2026, 9, 1, tzinfo=UTC)).caveats if "calendar" in each]
    assert [each for each in cost(at=datetime(2026, 12, 20, tzinfo=UTC)).caveats if "calendar" in each]


def test_a_flat_price_is_the_same_at_any_hour_and_has_no_peak() -> None:
    source = ("together", "deepseek-ai/DeepSeek-V4.1-Flash")
    found = [cost(shares, source=source) for shares in (ALIKE, only(2), PRIORS.hours.week)]
    assert {each.usd_per_request for each in found} == {Decimal("0.006662400")}
    assert {each.peak_share for each in found} == {0.0}


def row(start: str | None, rates: str, until: str | None = None, *, clock: Sequence[ClockTier] = ()) -> PriceRow:
    return PriceRow(
        model="m",
        effective_from=None if start is None else datetime.fromisoformat(start),
        effective_from_precision="unknown" if start is None else "instant",
        effective_until=None if until is None else datetime.fromisoformat(until),
        effective_until_precision="open" if until is None else "instant",
        rates=Rates(input_cache_miss=Decimal(rates), input_cache_hit=None, output=Decimal(rates)),
        clock=tuple(clock),
        sources=("x",),
        confidence="high",
    )


def book(*rows: PriceRow) -> PriceBook:
    return PriceBook({"p": PriceList(provider="p", checked=datetime(2026, 11, 1, tzinfo=UTC).date(), prices=rows)})


def test_a_change_that_is_known_counts_from_its_instant_on() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    change = at + timedelta(days=DAYS_A_MONTH / 4)
    prices = book(row(None, "1", change.isoformat()), row(change.isoformat(), "2"))
    found = cost(at=at, source=("p", "m"), book=prices)
    assert float(found.usd_per_request.scaleb(6)) == pytest.approx(6_400 * 1.75)
    assert found.known_share == 1


@pytest.mark.parametrize("what", ["price", "offer"])
def test_what_ends_in_the_month_is_told_and_priced_until_then(what: str) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    end = at + timedelta(days=DAYS_A_MONTH / 4)
    prices = book(row(None, "1", end.isoformat() if what == "price" else None))
    found = cost(at=at, source=("p", "m"), book=prices, until=end if what == "offer" else None)
    assert found.known_share == pytest.approx(0.25)
    assert found.usd_per_request.scaleb(6) == 6_400


@pytest.mark.parametrize(
    ("source", "until"),
    [
        pytest.param(("p", "other"), None, id="no price"),
        pytest.param(("p", "m"), NOVEMBER.replace(minute=0, second=0), id="an offer that ended"),
    ],
)
def test_a_month_without_any_price_costs_nothing_known(source: tuple[str, str], until: datetime | None) -> None:
    hours = month_hours(ALIKE, "UTC", NOVEMBER, "logged")
    assert month_cost(book(row(None, "1")), source, (WeightedUsage(ONE, 1.0),), hours, 1, until) is None


def test_a_peak_is_what_a_row_bills_above_its_cheapest_hour_though_only_that_one_has_a_name() -> None:
    night = ClockTier(
        tier="off_peak",
        windows_utc=(Window(start=time(18), end=time(0)),),
        rates=Rates(input_cache_miss=Decimal(1), input_cache_hit=None, output=Decimal(1)),
    )
    found = cost(at=datetime(2026, 11, 1, tzinfo=UTC), source=("p", "m"), book=book(row(None, "2", clock=[night])))
    assert found.peak_share == pytest.approx(0.75, abs=0.02)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=64))
def test_shares_add_up_to_one_exactly_and_are_as_given(shares: list[float]) -> None:
    found = exact_shares(shares)
    assert sum(found) == 1
    assert [float(each) for each in found] == pytest.approx([each / fsum(shares) for each in shares], abs=1e-12)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.lists(st.integers(0, 9), min_size=168, max_size=168))
def test_a_mean_of_requests_costs_the_mean_of_what_they_cost(numbers: list[int], weights: list[int]) -> None:
    weights[3] += 1
    shares = [each / sum(weights) for each in weights]
    hours = month_hours(shares, "Asia/Kolkata", NOVEMBER, "logged")
    usages = [
        WeightedUsage(replace(ONE, output_tokens=5_000 + 1_000 * place), number / sum(numbers))
        for place, number in enumerate(numbers)
    ]
    found = month_cost(BOOK, FLASH, usages, hours, None)
    single = [month_cost(BOOK, FLASH, [WeightedUsage(each.usage, 1.0)], hours, None) for each in usages]
    assert found is not None
    expected = fsum(
        each.share * float(one.usd_per_request) for each, one in zip(usages, single, strict=True) if one is not None
    )
    assert float(found.usd_per_request) == pytest.approx(expected, rel=1e-9)
    assert found.usd_per_month is None
    assert 0 <= found.peak_share <= 1


def test_the_price_of_long_inputs_is_that_of_each_length() -> None:
    long_input = replace(ONE, input_tokens=300_000, cache_hit_tokens=0)
    source = next(
        (provider, name)
        for provider, name in BOOK.names()
        for each in BOOK.schedules(provider, name)
        if each.above_input_tokens and each.above_input_tokens[0][0] < 300_000 and each.start < NOVEMBER < each.until
    )
    both = cost(source=source, usages=(WeightedUsage(ONE, 0.5), WeightedUsage(long_input, 0.5)))
    one, other = (cost(source=source, usages=(WeightedUsage(each, 1.0),)) for each in (ONE, long_input))
    assert both.usd_per_request == (one.usd_per_request + other.usd_per_request) / 2
    assert {each.price.tier for each in one.prices}.isdisjoint({each.price.tier for each in other.prices})
