"""What each backend takes of a card besides the engine's buffers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.catalog.hardware import Gpu
from r1plan.catalog.load import load_hardware
from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import GpuDevice, Vendor
from r1plan.plan.llamacpp.memory.backend import Backend, backend_of, context_of
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.pins import Pins
from r1plan.plan.reasons import NearlyOnCards
from r1plan.units import MIB
from tests.plan.catalogue import card, machine, plan

CARD = card(24)


def named(name: str) -> GpuDevice:
    return machine_from_options(gpu=[name]).gpus[0]


@pytest.mark.parametrize(
    ("vendor", "gfx", "unified", "backend"),
    [
        ("nvidia", None, False, "CUDA"),
        ("nvidia", None, True, "CUDA"),
        ("apple", None, True, "Metal"),
        ("amd", "gfx1100", False, "ROCm"),
        ("amd", "gfx1201", False, "ROCm"),
        ("amd", "gfx942", False, "ROCm"),
        ("amd", "gfx1151", True, "ROCm"),
        ("amd", "gfx1030", False, "ROCm"),
        ("amd", "gfx803", False, "Vulkan"),
        ("amd", "gfx906", False, "Vulkan"),
        ("amd", "gfx1010", False, "Vulkan"),
        ("amd", "gfx90c", True, "Vulkan"),
        ("amd", None, False, "Vulkan"),
        ("intel", None, False, "SYCL"),
        ("intel", None, True, "Vulkan"),
        ("qualcomm", None, True, "Vulkan"),
        ("unknown", None, False, None),
    ],
)
def test_a_card_is_planned_for_the_backend_that_takes_it(
    vendor: Vendor, gfx: str | None, unified: bool, backend: Backend | None
) -> None:
    assert backend_of(replace(CARD, vendor=vendor, gfx=gfx, unified=unified)) == backend


# Readings: llama.cpp pull request 23604, InvokeAI#9413, unsloth#8669, and ours of the H100.
@pytest.mark.parametrize(
    ("name", "mib"),
    [
        ("rtx-4060-ti-16gb", 107),
        ("rtx-3090", 256),
        ("rtx-pro-6000-blackwell", 555),
        ("b200-sxm", 612),
        ("h100-sxm", 527),
    ],
)
def test_a_cuda_context_is_near_what_was_read(name: str, mib: int) -> None:
    context = context_of(named(name))
    assert context.basis == "calibrated"
    assert context.size_bytes / MIB == pytest.approx(mib, abs=max(0.04 * mib, 3))


def test_what_was_measured_on_an_h100_stays_as_it_was() -> None:
    assert context_of(named("h100-sxm-80gb")).size_bytes == 527 * MIB
    assert context_of(replace(CARD, gpu_class="nvidia-datacentre")).size_bytes == 527 * MIB


@pytest.mark.parametrize(
    "sheet",
    [gpu for gpu in load_hardware().gpus.values() if gpu.multiprocessors and gpu.fp32_tflops and not gpu.unified],
    ids=lambda sheet: sheet.id,
)
def test_where_they_are_not_counted_multiprocessors_follow_from_the_arithmetic(sheet: Gpu) -> None:
    known = replace(
        CARD,
        compute_capability=sheet.compute_capability,
        fp32_tflops=sheet.fp32_tflops,
        gpu_class=sheet.gpu_class,
        multiprocessors=sheet.multiprocessors,
    )
    context, guess = context_of(known), context_of(replace(known, multiprocessors=None))
    assert guess.basis == "assumed"
    assert "by its TFLOPS" in guess.why
    # Laptops' clocks are lower, so the guess is too.
    assert 0.45 * context.size_bytes - 15 * MIB < guess.size_bytes < 1.2 * context.size_bytes + 15 * MIB


def test_of_a_card_of_which_nothing_is_known_the_context_is_as_on_smaller_ones() -> None:
    for each in (CARD, replace(CARD, compute_capability="99.9"), replace(CARD, vendor="unknown")):
        assert context_of(each).size_bytes == 330 * MIB
        assert context_of(each).uncertain_bytes == 200 * MIB


@pytest.mark.parametrize(
    ("vendor", "gfx", "least", "most"),
    [("amd", "gfx1100", 390, 470), ("amd", "gfx906", 190, 260), ("intel", None, 290, 370), ("nvidia", None, 400, 480)],
)
def test_all_that_a_small_model_loses_on_a_card(vendor: Vendor, gfx: str | None, least: int, most: int) -> None:
    on = machine(replace(CARD, vendor=vendor, gfx=gfx))
    choice = plan(on, pins=Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M", context=4_096)).choice
    assert choice is not None
    assert least * MIB < choice.memory[0].bytes_of("overhead") < most * MIB


@pytest.mark.parametrize("name", ["rtx-4090", "rx-7900-xtx", "arc-b580"])
def test_the_backend_is_named_where_its_part_is_explained(name: str) -> None:
    device = devices_of(machine_from_options(gpu=[name])).gpus[0]
    assert (backend_of(named(name)) or "") in device.overhead_why


# An RX 7900 XT that drives no screen: one of 16 GB gives 16,206 of its 16,384 MiB.
AMD_20_GB = machine(
    replace(
        card(20, bandwidth=800.0, gpu_class="amd"),
        vendor="amd",
        gfx="gfx1100",
        total_bytes=20_464 * MIB,
        free_bytes=20_256 * MIB,
    )
)


def test_a_card_of_20_gb_by_amd_runs_a_32b_whole() -> None:
    pins = Pins(model="R1-Distill-Qwen-32B", quant="Q4_K_M", kv_type="q8_0", context=4_096)
    choice = plan(AMD_20_GB, pins=pins).choice
    assert choice is not None
    assert choice.placement.layout == "gpu"


@pytest.mark.parametrize(
    ("context", "layout", "said"), [(4_096, "gpu", False), (8_192, "partial", True), (16_384, "partial", False)]
)
def test_no_layer_leaves_a_card_unsaid_for_less_than_is_known_of_it(context: int, layout: str, said: bool) -> None:
    answer = plan(AMD_20_GB, pins=Pins(model="R1-Distill-Qwen-32B", quant="Q4_K_M", kv_type="q8_0", context=context))
    assert answer.choice is not None
    assert answer.choice.placement.layout == layout
    notes = [note for note in answer.notes if isinstance(note, NearlyOnCards)]
    assert bool(notes) is said
    for note in notes:
        assert 0 < note.lacking_bytes <= note.uncertain_bytes
        assert note.tok_s > answer.choice.tok_s
        assert note.backend == "ROCm"


def test_whoever_sets_the_layers_is_not_told_to_set_them() -> None:
    pins = Pins(model="R1-Distill-Qwen-32B", quant="Q4_K_M", kv_type="q8_0", context=8_192, gpu_layers=63)
    assert plan(AMD_20_GB, pins=pins).notes == ()
