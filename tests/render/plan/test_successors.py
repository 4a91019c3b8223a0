"""One line says what a successor changes, and its row is never hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.catalog.load import load_models
from r1plan.cli.options.machine import machine_from_options
from r1plan.models.names import find_models
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.planner import LlamaCppPlanner
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.successors import successors_beside
from r1plan.render.plan.choice_words import choice_lines
from r1plan.render.plan.document import plan_document
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from r1plan.render.plan.successors import short_id, successor_fields, successor_text
from r1plan.render.plan.terminal import plan_lines
from r1plan.render.text.screen import Screen
from tests.plan.catalogue import CATALOGUE, plan


def _with_successors(*, ram: float) -> Plan[Option]:
    found = plan(machine_from_options(gpu=["m3-max-40c"], unified=ram))
    return replace(found, successors=successors_beside(LlamaCppPlanner(), found, CATALOGUE, Pins(), quick=True))


FOUND = _with_successors(ram=128)


def test_the_line_says_quality_minutes_and_memory() -> None:
    said = successor_text(FOUND)
    assert said.startswith("R1's successor V4-Flash:UD-")
    assert "GPQA 88.1 (max effort) against 65.2" in said
    assert " minutes an answer, " in said
    assert said.endswith(" GiB.")


def test_what_nobody_measured_is_said_to_be_taken_for_granted() -> None:
    released = next(each for each in FOUND.successors if each.model.id.endswith("0731"))
    assert "an answer if it thinks 1.7x as long as R1," in successor_text(replace(FOUND, successors=(released,)))


def test_what_a_coarse_quant_loses_is_said() -> None:
    assert "its quant loses " in successor_text(FOUND)


def test_no_line_is_said_of_one_that_is_no_better_or_of_none() -> None:
    assert FOUND.choice is not None
    worse = replace(FOUND.successors[0], quality=replace(FOUND.successors[0].quality, index=10.0))
    assert successor_text(replace(FOUND, successors=(worse,))) == ""
    assert successor_text(replace(FOUND, successors=())) == ""
    assert successor_fields(replace(FOUND, successors=())) is None


@pytest.mark.parametrize("most", [None, 8, 14, 18, 22, 30])
@pytest.mark.parametrize("width", [80, 120])
def test_the_rows_of_successors_stay_whatever_gives_way(most: int | None, width: int) -> None:
    lines = list(plan_lines(LlamaCppView(), FOUND, (), Screen(columns=width), most))
    rows = [line for line in lines if line.startswith("V4-Flash")]
    assert len(rows) == len(FOUND.successors)
    assert all(row.rstrip().endswith("successor") or "R1's successor" in row or width == 80 for row in rows)
    assert lines[0].startswith("Run R1-Distill-Llama-70B")


def test_a_program_is_told_the_same() -> None:
    document = plan_document(LlamaCppView(), FOUND, ())
    assert document["choice"]["model"] == "R1-Distill-Llama-70B"
    told = document["successor"]
    assert told["id"] == FOUND.successors[0].id
    assert (told["score"], told["effort"], told["score_of_choice"]) == (88.1, "max", 65.2)
    assert [each["id"] for each in document["successors"]] == [each.id for each in FOUND.successors]
    assert document["successors"][0]["quality"]["gpqa_diamond"]["effort"] == "max"
    assert "effort" not in document["choice"]["quality"]["gpqa_diamond"]
    assert document["successors"][0]["reason"].startswith("R1's successor: ")


def test_a_successor_is_shown_by_a_shorter_name_that_is_understood() -> None:
    models = load_models()
    shown = {short_id(name): name for name in models if name.startswith("DeepSeek-V")}
    assert shown
    assert {each: find_models(models, each).ids[0] for each in shown} == shown
    assert short_id("DeepSeek-R1:Q4_K_M") == "DeepSeek-R1:Q4_K_M"


def test_the_best_score_is_called_that_of_r1s_family_where_a_successor_within_the_patience_has_a_better_one() -> None:
    first = FOUND.successors[0]
    assert FOUND.choice is not None
    said = list(choice_lines(FOUND))
    assert any(
        line.startswith(f"  {FOUND.choice.model.id} has the best published GPQA-Diamond of R1's fam") for line in said
    )
    lost = "" if first.quality.quant.usable else f", but loses {first.quality.quant.per_cent_lost} %"
    assert f"  its successor {first.id} has 88.1{lost}" in said
    alone = "\n".join(choice_lines(replace(FOUND, successors=())))
    assert "has the best published GPQA-Diamond within that" in alone
    assert "successor" not in alone
