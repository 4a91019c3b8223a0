"""What limits a plan first, and what more room would buy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from r1plan.catalog.load import load_hardware
from r1plan.hardware.detect import Probes, detect
from r1plan.hardware.machine import GpuProcess, Machine
from r1plan.plan.headroom import Gain, Headroom
from r1plan.plan.llamacpp.headroom import headroom_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.rank import option_merit
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import FitsHeadless
from r1plan.plan.workload import Workload
from r1plan.render.plan.words import improvement_text
from r1plan.units import GIB
from tests.machines.replay import ReplayedNvml, tree
from tests.plan.catalogue import CATALOGUE, card, machine, plan


def room(on: Machine, pins: Pins | None = None) -> tuple[Plan[Option], Headroom[Option]]:
    answer = plan(on, pins=pins)
    found = headroom_of(answer, CATALOGUE, pins or Pins())
    assert found is not None
    return answer, found


def added(found: Headroom[Option]) -> list[Gain[Option]]:
    return [gain for gain in found.gains if gain.process is None]


def said(gain: Gain[Option]) -> str:
    return improvement_text(gain.better) if gain.better else ""


def test_the_device_that_fills_first_is_named_with_its_context() -> None:
    pins = Pins(model="R1-Distill-Qwen-32B", quant="Q4_K_M", kv_type="q8_0", n_ubatch=512)
    answer, found = room(machine(card(24)), pins)
    assert found.full_first is not None
    device, context = found.full_first
    assert device == "gpu0"
    assert answer.choice is not None
    assert context == answer.choice.context_max
    fits = plan(machine(card(24)), pins=replace(pins, context=context, gpu_layers=65)).choice
    beyond = plan(machine(card(24)), pins=replace(pins, context=context + 1, gpu_layers=65)).choice
    assert fits is not None
    assert fits.fits
    assert beyond is not None
    assert not beyond.fits


def test_a_models_own_limit_may_come_first() -> None:
    _, found = room(machine(card(80)), Pins(model="R1-Distill-Qwen-1.5B", quant="Q4_K_M"))
    assert found.full_first is None


def test_one_slot_more_than_said_leaves_the_layout() -> None:
    pins = Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M", context=8192, kv_type="f16", n_ubatch=512)
    answer, found = room(machine(card(12)), pins)
    assert answer.choice is not None
    assert found.most_slots is not None
    assert found.most_slots > 1
    for slots, same in ((found.most_slots, True), (found.most_slots + 1, False)):
        then = plan(machine(card(12)), pins=replace(pins, slots=slots)).choice
        assert then is not None
        assert (then.placement.layout == "gpu") is same


def test_slots_that_share_a_cache_have_no_such_limit() -> None:
    _, found = room(machine(card(12)), Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M", runtime="llama-server"))
    assert found.most_slots is None


def test_a_gain_is_what_the_roomier_machine_really_gets() -> None:
    answer, found = room(machine(card(24), ram=64))
    gains = added(found)
    assert gains
    for gain in gains:
        assert gain.option is not None
        assert answer.choice is not None
        better = option_merit(gain.option, Workload()) > option_merit(answer.choice, Workload())
        assert better or gain.option.context_max > answer.choice.context_max
        then = plan(machine(replace(card(24), free_bytes=24 * GIB + gain.extra_bytes, total_bytes=64 * GIB), ram=64))
        assert then.choice is not None
        # The margin of a card is a share of all its memory, so the larger card is a little fuller.
        assert then.choice.id == gain.option.id
        assert then.choice.tok_s == pytest.approx(gain.option.tok_s, rel=0.05)


def test_layers_that_would_move_to_the_card_are_counted() -> None:
    pins = Pins(model="R1-Distill-Qwen-32B", quant="Q8_0", context=8192, kv_type="f16")
    _, found = room(machine(card(24), ram=64), pins)
    assert any("more layers on the GPU" in said(gain) for gain in added(found))


def test_experts_that_would_move_to_the_card_are_counted() -> None:
    pins = Pins(model="DeepSeek-R1", quant="Q4_K_M", context=8192, kv_type="f16")
    _, found = room(machine(card(48), ram=512), pins)
    assert any("experts of" in said(gain) for gain in added(found))


def test_processes_are_named_and_closing_them_is_tried(tmp_path: Path) -> None:
    recorded = detect(
        load_hardware,
        tmp_path,
        Probes(
            root=tree(tmp_path, {"proc/driver/nvidia/version": "", "proc/meminfo": "MemTotal: 65536000 kB\n"}),
            environ={},
            nvml=lambda: ReplayedNvml.of("desktop-rtx-4090"),
            system="linux",
            architecture="x86_64",
            affinity=8,
        ),
    )
    desktop = replace(recorded, memory=replace(recorded.memory, available_bytes=48 * GIB))
    _, found = room(desktop)
    named = {gain.process.name: gain for gain in found.gains if gain.process is not None}
    assert "python3" in named
    held = {process.name: process.used_bytes for process in desktop.gpus[0].processes}
    assert named["python3"].extra_bytes == held["python3"]


def test_closing_what_holds_most_of_a_card_buys_a_better_model() -> None:
    hog = GpuProcess(pid=4242, name="python3", used_bytes=12 * GIB)
    busy = replace(card(24), free_bytes=11 * GIB, processes=(hog,))
    answer, found = room(machine(busy, ram=32))
    closing = next(gain for gain in found.gains if gain.process is not None)
    assert closing.process == hog
    assert closing.option is not None
    assert answer.choice is not None
    assert closing.option.quality.index > answer.choice.quality.index
    assert said(closing).startswith((closing.option.id, closing.option.quant.name))


def test_nothing_is_said_of_a_machine_that_runs_nothing() -> None:
    assert headroom_of(plan(machine(ram=1)), CATALOGUE, Pins()) is None


def with_desktop(gib: float, held_gib: float, ram: float = 64.0) -> Machine:
    """A card of `gib` of which a desktop is assumed to hold some."""
    held = round(held_gib * GIB)
    gpu = card(gib)
    return machine(replace(gpu, free_bytes=gpu.total_bytes - held, desktop_bytes=held), ram=ram)


def test_what_a_machine_without_a_desktop_would_run_is_a_gain() -> None:
    """With 1 GiB of 24 taken the 32B is at four bits and a long context, or at five bits and a short one."""
    _, found = room(with_desktop(24, 1.2))
    headless = [gain for gain in found.gains if gain.headless]
    assert [gain.extra_bytes for gain in headless] == [round(1.2 * GIB)]
    without = plan(machine(card(24)))
    assert without.choice is not None
    assert headless[0].option is not None
    assert headless[0].option.id == without.choice.id
    assert headless[0].option.context == without.choice.context


def test_no_desktop_is_no_gain() -> None:
    _, found = room(machine(card(24)))
    assert not any(gain.headless for gain in found.gains)


ASKED = Pins(model="R1-Distill-Qwen-32B", quant="Q4_K_M", kv_type="f16", context=16_384)


@pytest.mark.parametrize(
    ("held_gib", "pins", "whole"),
    [
        (0.0, ASKED, None),
        (1.5, ASKED, True),
        (1.5, replace(ASKED, gpu_layers=65), False),
        (1.5, replace(ASKED, gpu_layers=60), None),
        (1.5, replace(ASKED, context=2_048), None),
        (1.5, replace(ASKED, context=65_536, gpu_layers=65), None),
    ],
    ids=["no desktop", "layers in RAM", "layers pinned", "fewer pinned", "fits beside it", "too long anyway"],
)
def test_what_fits_only_headless_is_said(held_gib: float, pins: Pins, whole: bool | None) -> None:
    answer = plan(with_desktop(24, held_gib), pins=pins)
    notes = [note for note in answer.notes if isinstance(note, FitsHeadless)]
    assert [note.whole for note in notes] == ([] if whole is None else [whole])
    for note in notes:
        assert note.option_id == "R1-Distill-Qwen-32B:Q4_K_M"
        assert note.desktop_bytes == round(held_gib * GIB)
    assert answer.choice is not None
    assert answer.choice.fits is not (whole is False or pins.context == 65_536)


def test_where_nothing_fits_beside_a_desktop_what_does_without_is_named() -> None:
    answer = plan(with_desktop(3, 2.6, ram=1.0))
    assert answer.choice is None
    notes = [note for note in answer.notes if isinstance(note, FitsHeadless)]
    assert [note.whole for note in notes] == [False]
