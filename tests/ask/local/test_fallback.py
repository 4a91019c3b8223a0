"""How loading gives way by a plan: planned anew for the room that is left, with what is pinned; who has the rest."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from r1plan.ask.local.cards import EngineMachine
from r1plan.ask.local.fallback import Replanner, pinned_settings, reserve_bytes
from r1plan.ask.local.plan import PlannedFile, UnplannedFile, local_plan
from r1plan.engine.local.room.step_down import Lack, LoadChange
from r1plan.hardware.machine import GpuProcess, Machine
from r1plan.plan.pins import Pins
from r1plan.units import GIB, MIB
from tests.ask.local.test_plan import KNOWN
from tests.plan.catalogue import MODELS, card, machine

NOTHING = UnplannedFile()
MODEL = "R1-Distill-Qwen-32B"
FILE = PlannedFile(models={MODEL: MODELS[MODEL]}, model=MODEL, quant="Q4_K_M", weights=None)
ONE, TWO = machine(card(24)), machine(card(24), card(24, index=1))


def engine(here: Machine) -> EngineMachine:
    return EngineMachine(here, len(here.gpus), sum(gpu.free_bytes for gpu in here.gpus))


def replanner(here: Machine, now: Machine | None = None, file: PlannedFile | None = FILE, **pins: object) -> Replanner:
    fixed = Pins(**pins)  # type: ignore[arg-type]
    return Replanner(
        plan=local_plan(file, NOTHING, engine(here), fixed, 8, KNOWN),
        planned=file,
        unplanned=NOTHING,
        pins=fixed,
        threads=8,
        known=KNOWN,
        here=lambda: engine(now or here),
    )


def test_less_room_is_a_plan_with_fewer_layers_on_the_card() -> None:
    made = replanner(ONE)
    assert made.plan.settings.gpu_layers == 65
    found = made.replan([12 * GIB])
    assert found is not None
    assert 0 < (found.gpu_layers or 0) < 65


def test_the_room_of_each_card_counts() -> None:
    found = replanner(TWO).replan([4 * GIB, 24 * GIB])
    assert found is not None
    assert found.gpu_layers == 65
    assert not found.tensor_split or found.tensor_split[0] < found.tensor_split[1]


@pytest.mark.parametrize(
    ("pins", "field", "value"),
    [
        ({"kv_type": "q8_0"}, "kv_type", "q8_0"),
        ({"n_ubatch": 256}, "n_ubatch", 256),
        ({"context": 4096}, "context_tokens", 4096),
    ],
    ids=["cache", "batch", "context"],
)
def test_what_is_pinned_is_planned_again(pins: dict[str, Any], field: str, value: object) -> None:
    found = replanner(ONE, **pins).replan([12 * GIB])
    assert found is not None
    assert getattr(found, field) == value


def test_pinned_layers_that_do_not_fit_are_no_plan() -> None:
    assert replanner(ONE, gpu_layers=65).replan([6 * GIB]) is None


@pytest.mark.parametrize("free", [[], [GIB, GIB]], ids=["none", "too many"])
def test_other_cards_than_the_machine_has_are_no_plan(free: list[int]) -> None:
    assert replanner(ONE).replan(free) is None


def test_a_file_without_a_plan_has_none_with_less_room() -> None:
    assert replanner(ONE, file=None).replan([12 * GIB]) is None


def test_a_change_is_the_plan_from_then_on_and_slower() -> None:
    made = replanner(ONE)
    fallback = made.fallback(lambda _change: None)
    after = replace(made.plan.settings, gpu_layers=40, kv_type="q8_0")
    before, now = fallback.tok_s(made.plan.settings), fallback.tok_s(after)
    assert before is not None
    assert now is not None
    assert now < before
    plan = made.changed(change := LoadChange(made.plan.settings, after, (Lack("weights", "CUDA0"),)))
    assert plan.settings == after
    assert plan.changes == (change,)
    assert plan.option is not None
    assert plan.option.placement.gpu_layers == 40
    assert plan.option.settings.kv_type == "q8_0"


def test_without_cards_it_is_planned_without_them() -> None:
    made = replanner(ONE)
    after = replace(made.plan.settings, gpu_layers=0, uses_cards=False)
    plan = made.changed(LoadChange(made.plan.settings, after, ()))
    assert plan.option is not None
    assert plan.option.placement.layout == "cpu"


def test_the_other_programs_on_a_card_are_named() -> None:
    ollama = GpuProcess(pid=4242, name="ollama", used_bytes=12 * GIB)
    own = GpuProcess(pid=os.getpid(), name="python", used_bytes=GIB)
    now = machine(card(24), replace(card(24, index=1), processes=(ollama, own)))
    made = replanner(TWO, now)
    assert made.holders("CUDA1") == (ollama,)
    assert made.holders("CUDA0") == made.holders("CUDA2") == made.holders("CPU") == ()


def test_the_reserve_is_what_the_pools_take_by_the_plan() -> None:
    assert 50 * MIB < (reserve_bytes(replanner(ONE).plan.option) or 0) < 400 * MIB
    assert reserve_bytes(replanner(machine(ram=64)).plan.option) is None
    assert reserve_bytes(None) is None


def test_what_would_fit_is_the_last_hint() -> None:
    full = machine(replace(card(24), free_bytes=GIB), ram=12)
    hint = replanner(ONE, full).fallback(lambda _change: None).smaller()
    assert hint is not None
    assert "R1-Distill-Qwen-32B:" in hint or "recommend" in hint


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        (Pins(), set()),
        (Pins(context=4096), {"context_tokens"}),
        (Pins(kv_type="f16"), {"kv_type"}),
        (Pins(n_ubatch=64), {"n_ubatch"}),
        (Pins(gpu_layers=0), {"gpu_layers", "tensor_split"}),
        (Pins(experts_on_cpu=True), {"experts_on_host"}),
        (Pins(mapped=False, flash_attn=False), {"mapped", "flash_attn"}),
    ],
    ids=["nothing", "context", "cache", "batch", "layers", "experts", "ways"],
)
def test_only_what_was_fixed_is_pinned(pins: Pins, expected: set[str]) -> None:
    assert pinned_settings(pins) == expected
