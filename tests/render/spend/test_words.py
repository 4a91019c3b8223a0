"""What is not known is said as unknown, and never as nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from r1plan.render.spend.sources import imported_notes
from r1plan.render.spend.terminal import figure_columns
from r1plan.render.spend.words import cost_cell, headline, notes
from r1plan.report.period import whole_month
from r1plan.report.spend import ImportedFiles, ReportWarning, SpendReport, Totals

D = Decimal
BOUNDS = Totals(
    requests=3, cost_usd=None, uncertain_requests=3, uncertain_low_usd=D("0.68"), uncertain_high_usd=D("1.35")
)


def report_of(totals: Totals, *warnings: ReportWarning) -> SpendReport:
    return SpendReport(period=whole_month("2025-09", "UTC"), by=(), totals=totals, warnings=warnings)


@pytest.mark.parametrize(
    ("totals", "text"),
    [
        pytest.param(Totals(requests=1, cost_usd=D("1.2")), "$1.20", id="known"),
        pytest.param(Totals(requests=2, cost_usd=D("1.2"), unpriced_requests=1), "$1.20 + ?", id="some"),
        pytest.param(Totals(requests=2, cost_usd=D("1.2"), estimated_requests=1), "~$1.20", id="estimated"),
        pytest.param(Totals(requests=1, cost_usd=None, unpriced_requests=1), "unpriced", id="unpriced"),
        pytest.param(BOUNDS, "$0.68–$1.35", id="bounds"),
        pytest.param(replace(BOUNDS, uncertain_high_usd=D("0.68")), "$0.68", id="equal-bounds"),
        pytest.param(replace(BOUNDS, uncertain_high_usd=None), "uncertain", id="no-upper-bound"),
        pytest.param(replace(BOUNDS, unbounded_requests=1), "uncertain", id="one-without"),
        pytest.param(replace(BOUNDS, unpriced_requests=1), "unpriced", id="bounds-and-unpriced"),
        pytest.param(Totals(requests=1, cost_usd=None, uncosted_requests=1), "-", id="electricity"),
        pytest.param(Totals(requests=1), "$0.00", id="free"),
    ],
)
def test_a_cost_in_a_table_says_how_it_is_known(totals: Totals, text: str) -> None:
    assert cost_cell(totals, "USD") == text


@pytest.mark.parametrize(
    ("totals", "summed", "text"),
    [
        pytest.param(
            BOUNDS, 3, "uncertain: 3 requests told in sums over times of several prices may have cost $0.68 to $1.35.",
            id="sums",
        ),
        pytest.param(
            replace(BOUNDS, cost_usd=D(2), requests=9), 0,
            "uncertain: 3 requests broken off or not ended may have cost $0.68 to $1.35 more.", id="beside-others",
        ),
        pytest.param(
            replace(BOUNDS, unbounded_requests=1), 2,
            "uncertain: 1 request broken off or not ended and 2 requests told in sums over times of several prices may "
            "have cost $0.68 to $1.35, and 1 of them more than that.", id="both",
        ),
        pytest.param(
            replace(BOUNDS, uncertain_low_usd=None, uncertain_high_usd=None), 0,
            "uncertain: 3 requests broken off or not ended may have cost something: how much is not known.",
            id="no-idea",
        ),
    ],
)  # fmt: skip
def test_why_a_cost_is_uncertain_is_said_of_those_that_are(totals: Totals, summed: int, text: str) -> None:
    warnings = (ReportWarning(kind="several_prices", count=summed),) if summed else ()
    assert list(notes(report_of(totals, *warnings))) == [text]


def test_where_nothing_is_certain_the_headline_is_the_bounds() -> None:
    assert headline(report_of(BOUNDS)) == "September 2025 cost $0.68 to $1.35: nothing of it is certain."
    some = replace(BOUNDS, requests=4, unpriced_requests=1)
    assert headline(report_of(some)).endswith("$1.35, without 1 unpriced request: nothing of it is certain.")


def test_a_saving_that_is_known_in_part_is_the_least() -> None:
    totals = Totals(requests=2, cost_usd=D(2), cache_hit_usd=D(1), cache_saving_usd=D(3))
    assert "(the cache saved $3.00)" in headline(report_of(totals))
    assert "(the cache saved at least $3.00)" in headline(report_of(replace(totals, cache_saving_unknown_rows=1)))


LITELLM = ImportedFiles(
    importer="litellm",
    files=("a.csv",),
    rows=8,
    left_out={"response_cache": 1},
    noted={"silent_experiment": 1, "billed_retry": 2},
)


def test_of_several_tools_each_is_one_line() -> None:
    deepseek = ImportedFiles(importer="deepseek", files=("b.zip", "c.zip"), rows=6)
    assert list(imported_notes([LITELLM, deepseek])) == [
        "imported: 8 rows of LiteLLM from a.csv; left out 1 (response cache); noted 3 (1 silent experiment, 2 billed "
        "retry).",
        "imported: 6 rows of DeepSeek from 2 files.",
        "imported: --explain says of each what it means that it is left out or noted.",
    ]
    assert len(list(imported_notes([deepseek, replace(deepseek, importer="llm")]))) == 2


def test_of_one_tool_and_explained_each_trap_has_its_sentence() -> None:
    alone = list(imported_notes([LITELLM]))
    assert [line.partition(":")[0] for line in alone] == ["imported", "left out", "noted", "noted"]
    assert alone[1].endswith("no provider was asked.")
    assert set(alone) < set(imported_notes([LITELLM, replace(LITELLM, importer="llm")], in_full=True))


def test_sums_that_tell_no_number_of_requests_have_none_and_not_0() -> None:
    (show, *_) = figure_columns(report_of(Totals(cost_usd=D(14)))).values()
    assert (show(Totals(cost_usd=D(14))), show(Totals(requests=1200))) == ("?", "1,200")


@pytest.mark.parametrize(
    ("requests", "loose", "text"),
    [
        (1, 0, "estimated: 1 request was estimated: $1.00 to $2.00."),
        (1, 1, "estimated: 1 request was estimated: $1.00 to $2.00; no bounds are known."),
        (3, 1, "estimated: 3 requests were estimated: $1.00 to $2.00; of 1 of them no bounds are known."),
    ],
)
def test_of_which_estimates_no_bounds_are_known_is_said(requests: int, loose: int, text: str) -> None:
    totals = Totals(
        requests=9, cost_usd=D(9), estimated_requests=requests, estimated_unbounded_requests=loose,
        estimated_low_usd=D(1), estimated_high_usd=D(2),
    )  # fmt: skip
    assert list(notes(report_of(totals))) == [text]
