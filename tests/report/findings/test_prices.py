"""Hours at which the price was higher, names behind which another model answered, tools that reckon otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from r1plan.ledger.entry import UsageEntry
from r1plan.report.database import open_database
from r1plan.report.findings.dearest import DearestRequests
from r1plan.report.findings.peak_hours import PeakHours
from r1plan.report.findings.served_change import ServedChange, is_same_model
from r1plan.report.findings.tool_differs import find_tool_differs
from tests.report.findings.finding import NOW, START, asked, found, report_with

D = Decimal
# 3 September 2025: standard from 00:30 to 16:30 UTC, half or a quarter of it at night, by DeepSeek's page.
DAY, NIGHT = timedelta(days=-7), timedelta(days=-7, hours=6)
BEFORE_IT_ENDED = datetime.fromisoformat("2025-09-05T15:00+00:00")


def test_what_the_dear_hours_cost_more_is_at_most_saved_by_waiting() -> None:
    peak = found(PeakHours, asked("a", DAY), asked("b", NIGHT), now=BEFORE_IT_ENDED)
    assert peak is not None
    assert (peak.dear_usd, peak.clock_usd) == (D("0.55") + D("2.19"), D("2.74") + D("0.135") + D("0.55"))
    assert (peak.low_usd, peak.high_usd, peak.requests) == (D(0), D("2.74") - D("0.685"), 1)
    assert (peak.cheap_hours_utc, peak.clock_ended_at, peak.worth_telling) == (("16:30-00:30",), None, True)


def test_nothing_could_wait_at_cheap_hours_or_without_a_clock() -> None:
    rows = (
        asked("at night", NIGHT),
        asked("without a clock"),
        asked("nothing used", DAY, input_tokens=0, output_tokens=0),
        asked("no price", DAY, provider="nobody"),
    )
    assert found(PeakHours, *rows, now=BEFORE_IT_ENDED) is None


def test_a_clock_that_ended_is_told_and_no_advice() -> None:
    peak = found(PeakHours, asked("a", DAY), now=NOW)
    assert peak is not None
    assert (peak.worth_telling, peak.clock_ended_at) == (False, datetime.fromisoformat("2025-09-05T16:00+00:00"))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("deepseek-ai/DeepSeek-R1", "deepseek-r1", True),
        ("deepseek-r1", "deepseek-r1-0528", True),
        ("deepseek-r1", "deepseek-r1-fp8", True),
        ("deepseek-r1", "deepseek-r1-distill-qwen-32b", False),
        ("deepseek-reasoner", "deepseek-v3.2", False),
        ("x", "x", True),
    ],
)
def test_a_name_may_add_a_date_a_number_format_or_a_speed(one: str, other: str, is_same: bool) -> None:
    assert is_same_model(one, other) is is_same


def named(id_: str, days: int, served: str | None, **changes: object) -> UsageEntry:
    return asked(id_, timedelta(days=days), model_served=served, **changes)


def test_a_name_is_told_where_others_answered_to_it() -> None:
    rows = [
        named("a", 0, "deepseek-reasoner"),
        named("b", 1, "DeepSeek-Reasoner"),
        named("c", 2, None),
        named("d", 2, ""),
        named("e", 2, "deepseek-chat", status="failed"),
        named("f", 2, "x", provider="local"),
        named("g", 2, "deepseek-v3", model_requested="deepseek-chat"),
        named("h", 2, "deepseek-r1", provider="q", model_requested="deepseek-r1"),
        named("i", 3, "deepseek-r1-0528", provider="q", model_requested="deepseek-r1"),
    ]
    changes = [each for each in report_with(rows).findings if isinstance(each, ServedChange)]
    assert [(each.provider, each.model, [it.model for it in each.served]) for each in changes] == [
        ("q", "deepseek-r1", ["deepseek-r1", "deepseek-r1-0528"]),
        ("deepseek", "deepseek-chat", ["deepseek-v3"]),
    ]
    # No price is known of `q`.
    assert [each.high_usd is None for each in changes] == [True, False]
    assert {(each.source, each.basis, each.requests) for each in changes} == {("answers", "measured", 1)}


def test_the_price_book_says_what_a_name_stood_for() -> None:
    change = found(ServedChange, named("a", 0, None), named("b", 19, None), named("c", 20, None))
    assert change is not None
    assert (change.source, change.basis, change.requests) == ("prices", "estimated", 2)
    assert [each.model[:13] for each in change.served] == ["DeepSeek-V3.1", "DeepSeek-V3.2"]
    assert change.low_usd == change.served[1].cost_usd


@pytest.mark.parametrize(
    ("tool", "ours", "is_told"),
    [
        pytest.param("1.00", "1.00", False, id="equal"),
        pytest.param("1.009", "1.00", False, id="below-a-hundredth"),
        pytest.param("1.01", "1.00", True, id="a-hundredth"),
        pytest.param("0.009", "0.000", False, id="below-a-cent"),
        pytest.param("0.01", "0", True, id="a-cent-of-nothing"),
        pytest.param("0", "5", True, id="nothing-of-five"),
    ],
)
def test_a_tool_that_reckons_otherwise_is_told(tool: str, ours: str, is_told: bool) -> None:
    with open_database() as database:
        database.execute(
            "CREATE TABLE finding_cell AS SELECT 'litellm' AS source, 3 AS told_requests,"
            f" CAST('{tool}' AS DECIMAL(38, 15)) AS tool_usd, CAST('{ours}' AS DECIMAL(38, 15)) AS told_usd"
        )
        told = find_tool_differs(database)
    assert [(each.tool_usd, each.priced_usd, each.requests, each.high_usd) for each in told] == (
        [(D(tool), D(ours), 3, D(0))] if is_told else []
    )


def test_the_dearest_are_ten_in_their_order_and_told_where_they_stand_out() -> None:
    rows = [asked(f"r{number:02}", input_tokens=1000 * (number + 1), output_tokens=0) for number in range(12)]
    dearest = found(DearestRequests, *rows)
    assert dearest is not None
    assert [each.id for each in dearest.dearest] == [f"r{number:02}" for number in range(11, 1, -1)]
    assert not dearest.worth_telling
    alike = [asked(f"s{number:02}", input_tokens=1000, output_tokens=0) for number in range(60)]
    standing_out = found(DearestRequests, *alike, asked("big", input_tokens=100_000, output_tokens=0))
    assert standing_out is not None
    assert standing_out.worth_telling
    assert standing_out.dearest[0].at == START
    assert found(DearestRequests, asked("free", input_tokens=0, output_tokens=0)) is None
