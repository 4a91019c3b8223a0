"""What was estimated, billed by others or not known at all is never shown as certain."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.ledger.entry import UsageEntry
from r1plan.render.spend.document import spend_csv, spend_document
from r1plan.render.spend.terminal import spend_lines, spend_markdown
from r1plan.render.spend.warnings import warnings
from r1plan.render.spend.words import headline, notes
from r1plan.report.spend import SpendReport
from tests.report.test_report import asked, report_on

D = Decimal
AT = "2025-09-10T12:00:00+00:00"
COST = D("0.56")  # of a million tokens of V3.1's input, fresh
GUESSED = {"input_tokens": "estimated", "output_tokens": "reported"}


def row(id_: str = "a", **changes: object) -> UsageEntry:
    return replace(asked(id_, AT), **changes)  # type: ignore[arg-type]


def new_model(id_: str = "b", **changes: object) -> UsageEntry:
    return row(id_, provider="openrouter", model_requested="some/new-model", **changes)


ESTIMATED = [
    pytest.param({"provenance": GUESSED}, COST, COST, 1, id="input"),
    pytest.param({"provenance": {"output_tokens": "estimated"}}, COST, COST, 1, id="output"),
    pytest.param(
        {"provenance": GUESSED, "cost_low_usd": D("0.1"), "cost_high_usd": D(50)}, D("0.1"), D(50), 0, id="both"
    ),
    pytest.param({"cost_low_usd": D("0.1"), "cost_high_usd": D(50)}, D("0.1"), D(50), 0, id="bounds alone"),
    pytest.param({"status": "length", "cost_low_usd": D(0), "cost_high_usd": D(1)}, D(0), D(1), 0, id="cut"),
    pytest.param({"cost_low_usd": D("0.1")}, D("0.1"), COST, 1, id="no upper bound"),
    pytest.param(
        {"cost_low_usd": D("0.6"), "cost_high_usd": D("0.7")}, COST, D("0.7"), 0, id="bounds of another price"
    ),
    pytest.param({"status": "aborted", "provenance": GUESSED}, COST, COST, 1, id="broken off without bounds"),
]


@pytest.mark.parametrize(("changes", "low", "high", "unbounded"), ESTIMATED)
def test_an_estimated_request_counts_and_is_told_with_its_bounds(
    changes: dict[str, Any], low: Decimal, high: Decimal, unbounded: int, tmp_path: Path
) -> None:
    report = report_on(tmp_path, row(**changes), row("certain"), by="provider")
    for totals in (report.totals, report.groups[0].totals):
        assert (totals.cost_usd, totals.estimated_requests, totals.uncertain_requests) == (2 * COST, 1, 0)
        assert (totals.estimated_low_usd, totals.estimated_high_usd) == (low, high)
        assert totals.estimated_unbounded_requests == unbounded


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"provenance": {"input_tokens": "reported", "output_tokens": "counted"}}, id="counted"),
        pytest.param({"provenance": {"thinking_tokens": "estimated"}}, id="only how it is split"),
        pytest.param({"provenance": {"energy_wh": "estimated"}}, id="only its energy"),
        pytest.param({"cost_low_usd": COST, "cost_high_usd": COST}, id="bounds that meet"),
        pytest.param({"provenance": {"input_tokens": 1, "output_tokens": None}}, id="no words"),
    ],
)
def test_what_was_counted_is_no_estimate(changes: dict[str, Any], tmp_path: Path) -> None:
    totals = report_on(tmp_path, row(**changes)).totals
    assert (totals.estimated_requests, totals.estimated_high_usd, totals.cost_usd) == (0, D(0), COST)


def test_what_is_uncertain_is_not_estimated_too(tmp_path: Path) -> None:
    broken = row(status="failed", provenance=GUESSED, cost_low_usd=D(0), cost_high_usd=D(1))
    totals = report_on(tmp_path, broken).totals
    assert (totals.uncertain_requests, totals.estimated_requests) == (1, 0)


def test_every_form_says_what_was_estimated(tmp_path: Path) -> None:
    guess = row(provenance=GUESSED, cost_low_usd=D("0.1"), cost_high_usd=D(50))
    report = report_on(tmp_path, guess, row("b"), by="provider")
    line = "estimated: 1 request was estimated: $0.10 to $50.00."
    assert line in list(spend_lines(report, 120))
    assert f"- {line}" in list(spend_markdown(report))
    assert "1 request of it estimated" in headline(report)
    assert any(each.startswith("deepseek") and "~$1.12" in each for each in spend_lines(report, 120))
    document = json.loads(json.dumps(spend_document(report)))
    for sums in (document["totals"], document["groups"][0]):
        assert (sums["estimated_requests"], sums["estimated_low_usd"], sums["estimated_high_usd"]) == (1, "0.1", "50")
    head, first = (text.split(",") for text in spend_csv(report).splitlines())
    assert dict(zip(head, first, strict=True))["estimated_high_usd"] == "50"


def test_bounds_that_are_not_known_are_said(tmp_path: Path) -> None:
    report = report_on(tmp_path, row(provenance=GUESSED), row("b", provenance=GUESSED, cost_high_usd=D(1)))
    assert list(notes(report)) == [
        "estimated: 2 requests were estimated: $1.12 to $1.56; of 1 of them no bounds are known."
    ]


def test_a_bill_is_the_cost_where_no_price_is_known(tmp_path: Path) -> None:
    report = report_on(tmp_path, new_model(reported_usd=D("0.0421"), output_tokens=300), by="model")
    for totals in (report.totals, report.groups[0].totals):
        assert (totals.cost_usd, totals.charged_usd, totals.reported_usd) == (D("0.0421"),) * 3
        assert (totals.unpriced_requests, totals.estimated_requests) == (0, 0)
        # How it is split is not known.
        assert (totals.input_miss_usd, totals.thinking_usd, totals.answer_usd) == (None, None, None)
        assert totals.thinking_unknown_usd is None
    assert (report.unpriced, report.warnings) == ((), ())
    assert headline(report) == "2025-09-10 cost $0.04: billed without a known price $0.04."


@pytest.mark.parametrize(
    ("changes", "cost", "unpriced"),
    [
        pytest.param({"reported_usd": D(0)}, D(0), 0, id="billed nothing"),
        pytest.param({"reported_usd": D("0.1"), "provenance": GUESSED}, D("0.1"), 0, id="tokens estimated"),
        pytest.param(
            {"reported_usd": D("0.1"), "input_tokens": None, "output_tokens": None}, D("0.1"), 0, id="no tokens"
        ),
        pytest.param({"reported_usd": D("0.1"), "status": "failed"}, D("0.1"), 0, id="failed"),
        pytest.param({}, None, 1, id="no bill"),
    ],
)
def test_a_request_without_a_price_costs_its_bill_or_is_unpriced(
    changes: dict[str, Any], cost: Decimal | None, unpriced: int, tmp_path: Path
) -> None:
    totals = report_on(tmp_path, new_model(**changes)).totals
    assert (totals.cost_usd, totals.unpriced_requests) == (cost, unpriced)
    if totals.estimated_requests:
        assert (totals.estimated_low_usd, totals.estimated_high_usd) == (cost, cost)
        assert totals.estimated_unbounded_requests == 0


def test_a_bill_that_differs_from_our_price_is_told_and_changes_no_sum(tmp_path: Path) -> None:
    report = report_on(tmp_path, row(reported_usd=D("0.0421")), row("b", reported_usd=COST), row("c"))
    assert (report.totals.cost_usd, report.totals.reported_usd) == (3 * COST, D("0.6021"))
    assert list(warnings(report)) == [
        "warning: deepseek's bills say $0.04, our prices $0.56, for 1 request to deepseek-reasoner."
    ]
    assert spend_document(report)["warnings"][0]["kind"] == "bill_differs"  # type: ignore[index]


@pytest.mark.parametrize(
    ("bill", "tells"),
    [
        (COST, False),
        (COST + D("0.0000001"), False),
        (COST * D("1.009"), False),
        (COST * D("1.02"), True),
        (COST * D("0.98"), True),
        (D(0), True),
        (D(10) ** 17, True),
    ],
    ids=str,
)
def test_rounding_is_no_difference(bill: Decimal, tells: bool, tmp_path: Path) -> None:
    assert bool(report_on(tmp_path, row(reported_usd=bill)).warnings) is tells


def test_bills_of_tiny_requests_that_round_apart_are_no_difference(tmp_path: Path) -> None:
    tiny = row(input_tokens=1, reported_usd=D("0.000001"))
    assert report_on(tmp_path, tiny).warnings == ()


def figures(report: SpendReport) -> dict[str, object]:
    return {name: value for name, value in spend_document(report)["totals"].items() if name.endswith("_usd")}  # type: ignore[attr-defined]


COSTS = ("cost_usd", "input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "thinking_unknown_usd")


def test_money_of_which_nothing_is_known_is_null_and_an_empty_cell(tmp_path: Path) -> None:
    report = report_on(tmp_path, new_model(), new_model("c", input_tokens=0), by="model")
    assert {name: figures(report)[name] for name in (*COSTS, "cache_saving_usd", "charged_usd")} == dict.fromkeys(
        (*COSTS, "cache_saving_usd", "charged_usd")
    )
    assert figures(report)["reported_usd"] is None
    head, cells = (text.split(",") for text in spend_csv(report).splitlines())
    assert {cells[head.index(name)] for name in COSTS} == {""}
    assert "unpriced" in "\n".join(spend_lines(report, 120))
    assert "$0.00" not in "\n".join((*spend_lines(report, 120), *spend_markdown(report)))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], {"cost_usd": "0", "thinking_usd": "0"}, id="no requests"),
        pytest.param(
            [row(), new_model()], {"cost_usd": "0.56", "thinking_usd": None, "input_miss_usd": "0.56"}, id="some"
        ),
        pytest.param([row(input_tokens=0)], {"cost_usd": "0", "thinking_usd": "0"}, id="free"),
        pytest.param(
            [row(output_tokens=9, thinking_tokens=None)], {"thinking_usd": None, "answer_usd": None}, id="split"
        ),
        pytest.param([row(provider="local")], {"cost_usd": None, "energy_usd": None}, id="electricity"),
        pytest.param([row(provider="local", cost_usd=D(1))], {"cost_usd": "1", "energy_usd": "1"}, id="tariff"),
        pytest.param(
            [row(), row("b", provider="local")], {"cost_usd": "0.56", "energy_usd": None}, id="some electricity"
        ),
        pytest.param(
            [row(ended_at=None, status="started")],
            {"uncertain_high_usd": None, "cost_usd": None, "thinking_usd": None},
            id="running",
        ),
    ],
)
def test_null_is_for_what_is_not_known_alone(
    rows: list[UsageEntry], expected: dict[str, object], tmp_path: Path
) -> None:
    found = figures(report_on(tmp_path, *rows))
    assert {name: found[name] for name in expected} == expected
