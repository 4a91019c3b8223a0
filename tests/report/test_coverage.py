"""How often requests cost at most what was forecast of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.ledger.entry import UsageEntry
from r1plan.render.spend.document import spend_document
from r1plan.render.spend.words import notes
from r1plan.report.spend import Coverage
from tests.report.test_report import asked, report_on

D = Decimal
AT = "2025-09-10T12:00:00+00:00"
# A million tokens of V3.1 input, fresh.
COST = D("0.56")


def foretold(id_: str, p50: Decimal, p90: Decimal, **changes: object) -> UsageEntry:
    row = asked(id_, AT, forecast_p50_usd=p50, forecast_p90_usd=p90)
    return replace(row, **changes)  # type: ignore[arg-type]


def test_a_cost_equal_to_the_bound_is_within_it(tmp_path: Path) -> None:
    tiny = D("0.000001")
    report = report_on(
        tmp_path,
        foretold("a", COST, COST),
        foretold("b", COST - tiny, COST),
        foretold("c", COST - tiny, COST - tiny),
        asked("d", AT),
    )
    assert report.forecast == Coverage(requests=3, within_p50=1, within_p90=2)
    (line,) = [each for each in notes(report) if each.startswith("forecast")]
    assert line == "forecast: 67 % of 3 requests cost at most their p90 (90 % should), 33 % their p50."
    assert spend_document(report)["forecast"] == {"requests": 3, "within_p50": 1, "within_p90": 2}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"status": "aborted", "cost_low_usd": D(0), "cost_high_usd": D(1)}, id="stopped"),
        pytest.param({"status": "failed"}, id="failed"),
        pytest.param({"status": "started", "ended_at": None}, id="never-ended"),
        pytest.param({"provider": "nobody"}, id="no-price"),
    ],
)
def test_a_request_that_was_not_answered_or_priced_says_nothing(tmp_path: Path, changes: dict[str, object]) -> None:
    assert report_on(tmp_path, foretold("a", D(1), D(2), **changes)).forecast is None


def test_what_was_answered_here_counts_by_its_electricity(tmp_path: Path) -> None:
    report = report_on(tmp_path, foretold("a", D("0.001"), D("0.002"), provider="local", cost_usd=D("0.0015")))
    assert report.forecast == Coverage(requests=1, within_p50=0, within_p90=1)


def test_an_answer_that_cannot_be_split_counts_whole(tmp_path: Path) -> None:
    row = foretold("a", COST, COST, output_tokens=1, thinking_tokens=None)
    assert report_on(tmp_path, row).forecast == Coverage(requests=1, within_p50=0, within_p90=0)


def test_rows_without_a_forecast_are_no_line(tmp_path: Path) -> None:
    report = report_on(tmp_path, asked("a", AT))
    assert report.forecast is None
    assert not [each for each in notes(report) if each.startswith("forecast")]


def test_an_old_reader_of_rows_sees_no_new_field_that_is_unknown() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    row = asked("a", (at + timedelta(hours=1)).isoformat())
    assert not {"kind", "conversation", "forecast_p90_usd"} & set(row.to_line().replace('"', " ").split())
