"""What R1 itself would need stands beside a distill, and beside nothing else."""

from __future__ import annotations

from dataclasses import replace

from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.r1_beside import r1_beside
from r1plan.units import GIB
from tests.plan.catalogue import MODELS, card, machine, plan


def test_beside_a_distill_stand_r1s_smallest_file_and_the_machines_memory() -> None:
    beside = r1_beside(plan(machine(card(24), ram=64)), MODELS.values())
    assert beside is not None
    assert beside.id == "DeepSeek-R1:UD-IQ1_S"
    assert 24 * GIB < beside.memory_bytes <= 88 * GIB
    assert beside.tok_s is None


def test_a_pinned_distill_is_no_r1_either() -> None:
    pinned = plan(machine(card(24), ram=64), pins=Pins(model="R1-Distill-Qwen-7B"))
    assert r1_beside(pinned, MODELS.values()) is not None


def test_where_r1_fits_too_its_speed_is_known() -> None:
    beside = r1_beside(plan(machine(ram=768, cores=4)), MODELS.values())
    assert beside is not None
    assert beside.tok_s is not None
    assert beside.tok_s > 0


def test_nothing_stands_beside_r1_itself_or_where_there_is_no_choice_or_no_r1() -> None:
    chosen = plan(machine(card(24), ram=512), pins=Pins(model="DeepSeek-R1", quant="UD-IQ1_S"))
    assert r1_beside(chosen, MODELS.values()) is None
    distill = plan(machine(card(24), ram=64))
    assert r1_beside(replace(distill, choice=None), MODELS.values()) is None
    assert r1_beside(distill, [each for each in MODELS.values() if each.kind == "distill"]) is None


def test_a_file_of_no_catalogued_model_is_called_no_distill() -> None:
    distill: Plan[Option] = plan(machine(card(24), ram=64))
    assert distill.choice is not None
    stranger = replace(distill.choice, model=replace(distill.choice.model, id="some-llama"))
    assert r1_beside(replace(distill, choice=stranger), MODELS.values()) is None
