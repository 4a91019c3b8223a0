"""The series and the charges add up to the report, whatever the rows."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.ledger.entry import UsageEntry
from tests.render.spend.sample import report_of, sample_report
from tests.report.test_exact import entries

ZERO = Decimal(0)


@settings(max_examples=6, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=6, unique_by=lambda entry: entry.id))
def test_the_series_add_up_to_the_report(rows: list[UsageEntry]) -> None:
    report = report_of(rows, "series")
    series = report.series
    assert series is not None
    assert sum(each.requests for each in series.spends) == report.totals.requests
    assert sum((each.cost_usd for each in series.spends), ZERO) == (report.totals.cost_usd or ZERO)
    assert sum((each.cost_usd for each in series.hours), ZERO) == (report.totals.cost_usd or ZERO)
    assert sum(each.uncertain_requests for each in series.spends) == report.totals.uncertain_requests
    if report.totals.thinking_usd is not None:
        assert sum((each.thinking_usd for each in series.spends), ZERO) == report.totals.thinking_usd
    assert {each.span for each in series.spends} <= set(series.spans)


@settings(max_examples=6, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=6, unique_by=lambda entry: entry.id))
def test_the_charges_add_up_to_the_report_and_a_price_times_its_quantity_is_the_charge(rows: list[UsageEntry]) -> None:
    report = report_of(rows, "charges")
    totals = report.totals
    assert sum((each.usd for each in report.charges if each.usd is not None), ZERO) == (totals.cost_usd or ZERO)
    for each in report.charges:
        if each.unit_usd is not None:
            assert each.quantity is not None
            assert each.unit_usd * each.quantity == each.usd
    for kind in ("uncertain", "unpriced", "uncosted"):
        unknown = [each for each in report.charges if each.kind == kind]
        assert all(each.usd is None for each in unknown)
        assert sum(each.quantity or ZERO for each in unknown) == getattr(totals, f"{kind}_requests")
    low = sum((each.low_usd or ZERO for each in report.charges), ZERO)
    assert totals.uncertain_low_usd is None or low == totals.uncertain_low_usd


def test_days_are_those_of_the_time_zone() -> None:
    utc, india = (sample_report("series", timezone=zone).series for zone in ("UTC", "Asia/Kolkata"))
    assert utc is not None
    assert india is not None
    assert [each.isoformat() for each in utc.spans] == [f"2025-09-{day:02}" for day in range(1, 31)]
    assert utc.spans == india.spans
    assert [each.hour for each in utc.hours] != [each.hour for each in india.hours]


def test_the_clock_of_prices_is_seen_where_it_held() -> None:
    series = sample_report("series").series
    assert series is not None
    # Off-peak was from 16:30 to 00:30 UTC, and ended on Friday, 5 September 2025.
    thursdays = {each.hour for each in series.clock if each.weekday == 4}
    assert thursdays == {0, *range(16, 24)}
    assert {each.tier for each in series.clock} == {"off_peak"}
    assert all(0 < each.share < 1 for each in series.clock)
