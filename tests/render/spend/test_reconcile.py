"""A bill against the log in words: the answer first, each cause once, within any width."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import get_args

import pytest

from r1plan.render.spend.reconcile import reconcile_lines, reconcile_notes
from r1plan.render.spend.reconcile_document import reconcile_document
from r1plan.render.text.width import cells
from r1plan.report.reconcile.result import BillDifference, Cause, Outcome, Outside, Reconciliation
from tests.report.reconcile.made import bill_of, billed, other_side, reconciled, requests

SOME = requests(71)
MOVED = next(moved for each in billed(SOME) if (moved := other_side(each, "nights")))
GONE = next(each for each in billed(SOME) if each.id != MOVED.id)
TWO_WRONG = reconciled(
    bill_of([MOVED if each.id == MOVED.id else each for each in billed(SOME)]),
    [each for each in SOME if each.id != GONE.id],
    "nights",
)
BARE = Reconciliation(outcome="compared", source="deepseek", provider="deepseek", tolerance_usd=Decimal("0.01"))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_screen_and_the_first_is_the_answer(width: int) -> None:
    lines = list(reconcile_lines([TWO_WRONG], width))
    assert lines[0].startswith("DeepSeek billed $")
    if width >= 80:
        assert max(cells(line) for line in lines) <= width
    text = " ".join(lines)
    assert MOVED.id in text
    assert "missing in your log: $" in text
    assert f"{MOVED.model}" in text


@pytest.mark.parametrize("cause", get_args(Cause))
def test_every_cause_has_a_sentence_of_its_own(cause: Cause) -> None:
    line = BillDifference(
        cause=cause, day="2025-06-02", model="m", usd=Decimal("0.5"), requests=1, tokens={"output": 3}
    )
    found = replace(BARE, lines=(line,), difference_usd=line.usd, off_usd=line.usd, compared=1)
    notes = list(reconcile_notes([found]))
    assert any(note.endswith(".") and "$0.50" in note for note in notes[1:])
    assert len(notes) <= 3
    unknown = replace(found, lines=(replace(line, usd=None),), off_usd=None)
    assert any("unknown amount" in note for note in reconcile_notes([unknown]))


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_outcome_has_an_answer(outcome: Outcome) -> None:
    outside = (Outside(side="bill", first_day="2025-06-02", last_day="2025-06-03", requests=3, usd=Decimal(2)),)
    found = replace(BARE, outcome=outcome, outside=outside, bill_currency="CNY")
    (answer, *_) = reconcile_notes([found])
    assert answer.endswith(".")
    assert "DeepSeek" in answer


def test_another_tool_s_log_is_no_bill_and_is_not_called_one() -> None:
    outside = (Outside(side="bill", first_day="2025-06-02", last_day="2025-06-02", requests=3, usd=None),)
    notes = list(reconcile_notes([replace(BARE, source="langfuse", outcome="nothing_logged", outside=outside)]))
    assert notes[0] == (
        "Langfuse's log of DeepSeek tells tokens and no money (on 2025-06-02); your log has no request to it in that "
        "time."
    )
    assert any(note.startswith("no bill: Langfuse is no provider") for note in notes)
    assert not any(note.startswith("no bill") for note in reconcile_notes([BARE]))


def test_a_difference_of_an_unknown_amount_is_not_said_to_be_none() -> None:
    line = BillDifference(cause="broken_off", day="2025-06-02", model="m", usd=None, tokens={"output": 500})
    found = replace(BARE, lines=(line,), difference_usd=Decimal(0), compared=1)
    (answer, *_) = reconcile_notes([found])
    assert answer.endswith("they differ, and by how much money is not known: 500 tokens known here by bounds alone.")


def test_what_is_not_compared_or_read_otherwise_is_said() -> None:
    found = replace(
        BARE,
        outside=(Outside(side="log", first_day="2025-06-09", last_day="2025-06-09", requests=3, usd=Decimal(2)),),
        offset_minutes=330,
        is_offset_found=True,
        same_models=(("a", "b", "c"), ("d", "e")),
        granted_usd=Decimal(1),
        byok_usd=Decimal(3),
        other_usd={"EUR": Decimal(4)},
        unknown_keys=("cron\x1b[31m",),
    )
    assert list(reconcile_notes([found]))[1:] == [
        "not compared: 2025-06-09 of your log ($2.00), which the bill does not cover.",
        "days: the bill's are those of UTC+5:30, as its figures show.",
        "models: b, c are a on the bill.",
        "models: e is d on the bill.",
        "keys: your log has no request of cron.",
        "granted: $1.00 of it was paid from a granted balance.",
        "own keys: $3.00 more is owed to others under keys of your own.",
        "not compared: 4 EUR that is billed beside.",
    ]


def test_what_is_above_the_tolerance_by_less_than_a_cent_is_told_by_every_digit() -> None:
    line = BillDifference(cause="extra", day="2025-06-02", model="m", usd=Decimal("-0.0104"))
    found = replace(BARE, lines=(line,), difference_usd=line.usd, off_usd=Decimal("0.0104"), compared=1)
    assert "come to 0.0104, more than 0.01: exit code 1." in list(reconcile_notes([found]))[-1]
    assert "and $0.02 may be" in list(reconcile_notes([replace(found, tolerance_usd=Decimal("0.02"))]))[-1]


def test_the_document_has_each_line_with_every_digit() -> None:
    document = json.loads(json.dumps(reconcile_document([TWO_WRONG], "USD")))
    (bill,) = document["bills"]
    assert sum((Decimal(line["usd"]) for line in bill["lines"]), Decimal(0)) == TWO_WRONG.difference_usd
    assert {line["cause"] for line in bill["lines"]} == {"tier", "missing"}
    assert document["within_tolerance"] is TWO_WRONG.is_within_tolerance
    assert reconcile_document([], "USD") is None
