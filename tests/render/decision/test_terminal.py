"""A decision shown: whole outputs at two widths, and the document."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.policy import PolicyLimits, Route
from r1plan.money import small_usd
from r1plan.render.decision.document import decision_document
from r1plan.render.decision.terminal import decision_lines, headline
from r1plan.route.decision.decide import Decision, decide
from r1plan.route.decision.defer import defer
from tests.route.worlds import AT, ask, book, candidate, here, log, outputs, priced

GOLDEN = Path(__file__).parents[2] / "golden"
ROUTE = Route(
    id="cheapest",
    description="What is expected to cost least.",
    accepts=("r1", "successor", "other"),
    limits=PolicyLimits(max_p90_usd=Decimal("0.05")),
)
BOOK = book(
    acme=priced("m", "0.50 / 0.05 / 2.00", "1.00 / 0.10 / 4.00"),
    far=priced("with/a/rather/long/name/of-a-model-that-someone-sells", "0.60 / - / 2.50"),
    dear=priced("m", "50 / 5 / 200"),
)
EVERYBODY = [
    candidate("dear"),
    candidate("far", "with/a/rather/long/name/of-a-model-that-someone-sells"),
    candidate("acme"),
    replace(here(watts=300.0, decode_tok_s=20.0), family="other"),
    here(),
]
SURVEY = log(*outputs([1000 + 100 * n for n in range(40)], conversation="c"))
ASK = ask(at=AT + timedelta(minutes=119, seconds=30), conversation="c")


def decided(route: Route = ROUTE) -> Decision:
    return decide(ASK, EVERYBODY, SURVEY, BOOK, route, {})


@pytest.mark.parametrize("width", [80, 120])
def test_it_is_what_the_golden_file_holds(width: int) -> None:
    deferral = defer(ASK, AT + timedelta(hours=8), EVERYBODY, SURVEY, BOOK, ROUTE, {})
    text = "\n".join(decision_lines(decided(), width, deferral)) + "\n"
    assert max(map(len, text.splitlines())) <= width
    assert text == (GOLDEN / f"decision_{width}.txt").read_text("utf-8")


def test_the_first_line_is_the_answer() -> None:
    found = decided()
    assert found.chosen is not None
    assert headline(found).startswith(
        f"{found.chosen.id} is expected to cost {small_usd(found.chosen.expected_usd)} "
        f"(p90 {small_usd(found.chosen.cost.p90_usd)})"
    )


def test_when_nobody_may_be_asked_it_says_so_and_why() -> None:
    lines = list(decision_lines(decided(replace(ROUTE, only=("nobody",))), 80))
    assert lines[0].startswith("Nobody may be asked by route cheapest")
    assert sum("leaves out" in each for each in lines) == len(EVERYBODY)


def test_the_document_holds_every_candidate_and_every_term() -> None:
    found = decided()
    deferral = defer(ASK, AT + timedelta(hours=8), EVERYBODY, SURVEY, BOOK, ROUTE, {})
    document = json.loads(json.dumps(decision_document(found, deferral)))
    assert document["schema"] == "r1plan.decision/1"
    assert document["chosen"] == found.ranked[0].id
    assert len(document["candidates"]) + len(document["refused"]) == len(EVERYBODY)
    for each in document["candidates"]:
        cost = each["cost"]
        assert sum(Decimal(term) for term in cost["terms"].values()) == Decimal(cost["expected_usd"])
        assert Decimal(cost["p50_usd"]) <= Decimal(cost["p90_usd"])
    assert set(document["defer"]) == {"by", "send_at", "chosen", "saving_usd", "late_chance", "risks"}
    assert decision_document(found)["defer"] is None


def test_a_name_from_a_users_file_moves_no_cursor() -> None:
    evil = candidate("acme", "m", serves="\x1b[2Jfree", family="distill")
    found = decide(ASK, [evil], SURVEY, BOOK, ROUTE, {})
    assert "\x1b" not in "".join(decision_lines(found, 80))
