"""The row at a request's end holds what is known of it, in a form that a report can add up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.engine.chat import ChatRequest, Message
from r1plan.prices.book import PriceBook
from r1plan.prices.usage import Usage
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.route.execution.record import Labels, Outcome, at_end, no_price, unbounded_start

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        pytest.param("0.00095", "0.00095", id="as-it-came"),
        pytest.param("0.00014550000000000001", "0.0001455", id="a-binary-fraction"),
        pytest.param("1E-5", "0.00001", id="an-exponent"),
        pytest.param("0E-30", "0", id="nothing"),
        pytest.param("120", "120", id="whole-dollars"),
        pytest.param("999999.123456789012345678901234567890", "999999.123456789012346", id="the-most"),
    ],
)
def test_what_the_provider_says_it_bills_is_written_as_money_that_a_report_reads(
    said: str, written: str, tmp_path: Path
) -> None:
    outcome = Outcome(
        first_token_at=AT, ended_at=AT, served_model=None, finish="stop", why=None, thinking="", answer="x",
        usage=Usage(input_tokens=9, output_tokens=1), reported_usd=Decimal(said),
    )  # fmt: skip
    row = unbounded_start("id", "openrouter", "deepseek/deepseek-r1", Labels(), AT)
    entry, _, _ = at_end(row, outcome, ChatRequest(messages=(Message("user", "?"),)), no_price)
    assert json.loads(entry.to_line())["reported_usd"] == written
    (tmp_path / "log.jsonl").write_text(entry.to_line())
    assert spend_report(SpendQuestion([tmp_path / "log.jsonl"], Period(), (), PriceBook({}))).lost == 0


def test_a_provider_that_says_nothing_of_its_bill_leaves_the_row_as_it_was() -> None:
    row = unbounded_start("id", "deepseek", "deepseek-flash", Labels(), AT)
    assert "reported_usd" not in row.to_line()
