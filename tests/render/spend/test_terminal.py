"""What a spend report looks like: whole outputs, compared with tests/golden/cost_report_*."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.render.spend.document import spend_csv, spend_json
from r1plan.render.spend.terminal import spend_lines, spend_markdown
from r1plan.render.spend.warnings import warnings
from r1plan.render.text.units import percent, tokens
from r1plan.report.invalid_line import LineFault
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period, from_days, whole_month
from r1plan.report.query import spend_report
from r1plan.report.question import SpendInquiry, SpendQuestion
from r1plan.report.sample import write_sample
from r1plan.report.spend import Group, ReportWarning, SpendReport, Totals, Unpriced
from tests.prices.test_book import real_book

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="module")
def september(tmp_path_factory: pytest.TempPathFactory) -> SpendReport:
    log = tmp_path_factory.mktemp("logs") / "2025-09.jsonl"
    write_sample(log)
    inquiry = SpendInquiry(now=datetime(2026, 11, 1, tzinfo=UTC))
    month = whole_month("2025-09", "UTC")
    return spend_report(SpendQuestion([log], month, parse_keys("provider,model"), real_book(), inquiry=inquiry))


@pytest.mark.parametrize("width", [80, 120])
def test_a_month_on_a_terminal(september: SpendReport, width: int) -> None:
    lines = list(spend_lines(september, width))
    assert max(map(len, lines)) <= width
    assert "\n".join(lines) + "\n" == (GOLDEN / f"cost_report_{width}.txt").read_text("utf-8")


def test_a_month_in_markdown(september: SpendReport) -> None:
    assert "\n".join(spend_markdown(september)) + "\n" == (GOLDEN / "cost_report.md").read_text("utf-8")


def test_a_month_in_csv(september: SpendReport) -> None:
    assert spend_csv(september) == (GOLDEN / "cost_report.csv").read_text("utf-8")


def test_a_month_in_json(september: SpendReport) -> None:
    assert spend_json(september) == (GOLDEN / "cost_report.json").read_text("utf-8")


def test_json_holds_the_fields_that_other_programs_rely_on(september: SpendReport) -> None:
    document = json.loads(spend_json(september))
    totals = [
        "requests", "input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "cost_usd",
        "input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "thinking_unknown_usd", "cache_saving_usd",
        "uncertain_low_usd", "uncertain_high_usd", "unpriced_requests", "estimated_requests", "estimated_low_usd",
        "estimated_high_usd",
    ]  # fmt: skip
    assert next(iter(document.items())) == ("schema", "r1plan.cost_report/1")
    assert {"period", "totals", "groups", "what_if", "reconcile", "unpriced", "warnings"} <= set(document)
    assert set(totals) <= set(document["totals"])
    assert {"provider", "model", *totals} <= set(document["groups"][0])
    assert all(isinstance(document["totals"][name], str if name.endswith("_usd") else int) for name in totals)


def report(**changes: object) -> SpendReport:
    values: dict[str, object] = {"period": Period(), "by": (), "totals": Totals(), **changes}
    return SpendReport(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("period", "sentence"),
    [
        pytest.param(whole_month("2025-09", "UTC"), "No requests in September 2025.", id="month"),
        pytest.param(
            whole_month("2025-09", "Asia/Shanghai"), "No requests in September 2025 (Asia/Shanghai).", id="elsewhere"
        ),
        pytest.param(from_days("2025-09-05", "2025-09-05", "UTC"), "No requests on 2025-09-05.", id="day"),
        pytest.param(
            from_days("2025-09-05", "2025-09-07", "UTC"), "No requests from 2025-09-05 to 2025-09-07.", id="days"
        ),
        pytest.param(Period(), "No requests there.", id="everything"),
    ],
)
def test_an_empty_report_is_a_sentence(period: Period, sentence: str) -> None:
    assert list(spend_lines(report(period=period), 80)) == [sentence]
    assert list(spend_markdown(report(period=period))) == [sentence]


def test_a_free_month_has_no_split() -> None:
    free = report(period=whole_month("2025-09", "UTC"), totals=Totals(requests=1, input_tokens=7, output_tokens=950))
    assert list(spend_lines(free, 80)) == [
        "September 2025 cost $0.00.",
        "1 request: 950 tokens of answers, 7 of fresh input.",
    ]


def test_a_name_from_a_file_cannot_move_the_cursor_or_break_the_table() -> None:
    totals = Totals(requests=1, cost_usd=Decimal(1), answer_usd=Decimal(1))
    hostile = report(
        by=("project",),
        period=whole_month("2025-09", "UTC"),
        totals=totals,
        groups=(Group({"project": "\x1b[2J a\nb|c" + "日本" * 60}, totals), Group({"project": None}, totals)),
        unpriced=(Unpriced(provider="\x1b]0;x\x07p", model="m\x9b1m", requests=1, input_tokens=1, output_tokens=1),),
        warnings=(
            ReportWarning(
                kind="bad_line",
                file="\x1b[1mf",
                line=1,
                fault=LineFault(cause="unexpected", column="id", expected="a text", got="\x07"),
            ),
        ),
    )
    text = "\n".join(spend_lines(hostile, 80))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\x9b" not in text
    (row,) = [line for line in text.splitlines() if "日" in line]
    assert sum(2 if each in "日本" else 1 for each in row) <= 80
    assert "a b\\|c日" in "\n".join(spend_markdown(hostile))


def test_five_bad_lines_are_named_and_the_rest_counted() -> None:
    bad = tuple(
        ReportWarning(kind="bad_line", file="f", line=number, fault=LineFault(cause="torn")) for number in range(1, 9)
    )
    doubt = ReportWarning(kind="duplicate_ids", count=2, ids=("a",))
    assert list(warnings(report(warnings=(*bad, doubt)))) == [
        *(f"warning: f:{number}: left out: torn: the line ends in the middle." for number in range(1, 6)),
        "warning: 2 requests logged more than once, counted once by the last row: a, ….",
        "warning: 3 more lines left out; --json names each.",
    ]


def test_shares_and_tokens() -> None:
    assert [percent(1, 3), percent(0, 0), percent(Decimal("0.996"), 1)] == ["33 %", "0 %", "100 %"]
    assert [tokens(each) for each in (0, 999, 1000, 12_345, 999_499, 4_560_000)] == [
        "0",
        "999",
        "1.00k",
        "12.3k",
        "999k",
        "4.56M",
    ]
