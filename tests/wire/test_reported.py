"""A report says of an answer what its server told, estimated what it did not, and what it billed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.render.spend.warnings import warnings
from r1plan.render.spend.words import notes
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.spend import SpendReport
from tests.prices.test_book import real_book
from tests.wire.test_counts import UNKNOWN, U, asked, late, told

D = Decimal
PRICED = "deepseek/deepseek-r1"
BILLED = told(1000, 300, cost=0.0421)


def reported(folder: Path, *counts: bytes, **how: Any) -> SpendReport:
    """The report on one answer with these counts, as it was logged."""
    entry = asked(*counts, logs=folder, **how)
    report = spend_report(SpendQuestion([*folder.glob("*.jsonl")], Period(), (), real_book()))
    assert report.lost == 0
    assert report.totals.cost_usd == entry.cost_usd
    return report


@pytest.mark.parametrize("piece_bytes", [1, 3, 64])
@pytest.mark.parametrize("counts", [(), (late(told(0, 0)),)], ids=["no usage", "zeros"])
def test_an_answer_of_which_nothing_was_counted_is_told_as_an_estimate(
    counts: tuple[bytes, ...], piece_bytes: int, tmp_path: Path
) -> None:
    report = reported(tmp_path, *counts, thinking="word " * 40, piece_bytes=piece_bytes)
    totals = report.totals
    assert (totals.requests, totals.estimated_requests, totals.uncertain_requests) == (1, 1, 0)
    assert totals.estimated_low_usd is not None
    assert totals.estimated_high_usd is not None
    assert totals.cost_usd is not None
    assert 0 < totals.estimated_low_usd <= totals.cost_usd < totals.estimated_high_usd
    (line,) = [each for each in notes(report) if each.startswith("estimated")]
    assert line.startswith("estimated: 1 request was estimated: $0.0")


def test_an_answer_that_was_counted_is_certain(tmp_path: Path) -> None:
    totals = reported(tmp_path, late(U)).totals
    assert (totals.estimated_requests, totals.uncertain_requests, totals.reported_usd) == (0, 0, None)


def test_a_bill_for_a_model_without_a_price_is_what_it_cost(tmp_path: Path) -> None:
    report = reported(tmp_path, late(BILLED), provider="openrouter", model=UNKNOWN)
    totals = report.totals
    assert (totals.cost_usd, totals.reported_usd, totals.unpriced_requests) == (D("0.0421"), D("0.0421"), 0)
    assert list(warnings(report)) == []


def test_a_bill_that_is_not_our_price_is_told(tmp_path: Path) -> None:
    report = reported(tmp_path, late(BILLED), provider="openrouter", model=PRICED)
    assert report.totals.reported_usd == D("0.0421")
    (warning,) = [each for each in report.warnings if each.kind == "bill_differs"]
    assert (warning.provider, warning.model, warning.count) == ("openrouter", PRICED, 1)
    assert (warning.reported_usd, warning.priced_usd) == (D("0.0421"), report.totals.cost_usd)
