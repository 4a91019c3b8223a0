"""Plan and engine by device, for layouts of cards and host memory: with the engine's own lines as they would be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from r1plan.hardware.machine import Machine
from r1plan.measurements.measurement import BufferReading, MeasuredTerm
from r1plan.plan.pins import Pins
from r1plan.units import GIB, MIB
from r1plan.verify.allocated import Allocated, allocated
from r1plan.verify.buffers import buffer_readings
from r1plan.verify.planned import FilePlan, planned_here, speed_at, streamed_bytes, terms_at, work_of
from tests.oracle.gguf_writer import write_header
from tests.plan.catalogue import card, machine, model

ONE = machine(card(24), ram=64)
TWO = machine(card(24), card(16, index=1), ram=64)
BIG = machine(card(24), ram=700)
APPLE = machine(replace(card(64, unified=True), vendor="apple", name="Apple M4 Max"), ram=64)

LAYOUTS = [
    pytest.param("R1-Distill-Qwen-7B", "Q4_K_M", ONE, "gpu", id="one card"),
    pytest.param("R1-Distill-Qwen-32B", "Q6_K", TWO, "gpu-split", id="two cards"),
    pytest.param("R1-Distill-Llama-70B", "Q4_K_M", ONE, "partial", id="layers in RAM"),
    pytest.param("DeepSeek-R1", "Q4_K_M", BIG, "experts-in-ram", id="experts in RAM"),
    pytest.param("R1-Distill-Qwen-7B", "Q4_K_M", replace(ONE, gpus=()), "cpu", id="processor"),
    pytest.param("R1-Distill-Qwen-7B", "Q4_K_M", APPLE, "unified", id="one memory"),
]


def planned(folder: Path, id_: str, quant: str, on: Machine) -> FilePlan:
    path = write_header(folder / f"{id_}-{quant}.gguf", model(id_), quant)
    return planned_here(path, on, Pins(), with_cards=True, threads=8)


def as_planned(plan: FilePlan) -> list[Allocated]:
    """The buffers that the engine would have if it did what was planned; weights in host memory mapped."""
    terms: dict[str, MeasuredTerm] = {"weights": "weights", "kv_cache": "kv_cache", "compute": "compute"}
    found = []
    for each in plan.option.memory:
        name = f"CUDA{each.device.gpu_index}" if each.device.kind == "gpu" else "CPU"
        for part in each.parts:
            if part.term in terms:
                buffer = f"{name}_Mapped" if name == "CPU" and part.term == "weights" else name
                found.append(Allocated(buffer, terms[part.term], part.size_bytes))
    return found


def readings(plan: FilePlan, found: list[Allocated], lost: dict[int, int]) -> tuple[BufferReading, ...]:
    cards = [f"CUDA{each.index}" for each in plan.machine.gpus]
    return buffer_readings(plan.option.memory, found, plan.file.weights, cards, lost, 120 * MIB)


@pytest.mark.parametrize(("id_", "quant", "on", "layout"), LAYOUTS)
def test_what_was_allocated_as_planned_is_read_as_planned(
    tmp_path: Path, id_: str, quant: str, on: Machine, layout: str
) -> None:
    plan = planned(tmp_path, id_, quant, on)
    assert plan.option.placement.layout == layout
    lost = {each.device.gpu_index or 0: each.total_bytes for each in plan.option.memory if each.device.kind == "gpu"}
    for each in readings(plan, as_planned(plan), lost):
        if each.planned_bytes is not None and (each.card is not None or each.term != "overhead"):
            if layout == "unified" and each.term == "overhead":
                assert each.measured_bytes is None
                continue
            assert each.measured_bytes == pytest.approx(each.planned_bytes, abs=each.tolerance_bytes), each


@pytest.mark.parametrize(("id_", "quant", "on", "layout"), LAYOUTS)
def test_the_work_of_the_devices_is_all_that_is_read(
    tmp_path: Path, id_: str, quant: str, on: Machine, layout: str
) -> None:
    plan = planned(tmp_path, id_, quant, on)
    work, weights = work_of(plan), plan.file.weights
    assert sum(each.weights_read_bytes for each in work) == pytest.approx(weights.read_bytes_a_token, abs=len(work))
    assert sum(each.layers for each in work) == weights.layers
    if weights.expert_layers:
        assert sum(each.expert_layers for each in work) == weights.expert_layers
    else:
        assert not any(each.expert_layers for each in work)
    assert (streamed_bytes(plan) > 0) is (layout in ("partial", "experts-in-ram"))


@pytest.mark.parametrize("depth", [33, 4128])
@pytest.mark.parametrize(("id_", "quant", "on", "layout"), LAYOUTS)
def test_the_terms_add_up_to_the_speed_that_is_planned(
    tmp_path: Path, id_: str, quant: str, on: Machine, layout: str, depth: int
) -> None:
    plan = planned(tmp_path, id_, quant, on)
    terms = terms_at(plan, depth)
    assert 1 / sum(each.seconds for each in terms) == pytest.approx(speed_at(plan, (depth,)).at(depth).mid)
    assert [each.seconds for each in terms] == sorted((each.seconds for each in terms), reverse=True)
    assert layout != "cpu" or all("gpu" not in each.what for each in terms)


def test_mapped_pages_between_those_of_cards_are_not_counted_twice(tmp_path: Path) -> None:
    plan = planned(tmp_path, "R1-Distill-Llama-70B", "Q4_K_M", ONE)
    # llama.cpp tells of the map from its first needed page to its last, here the whole file.
    whole = [replace_size(each, plan.file.weights.total_bytes) if each.is_mapped else each for each in as_planned(plan)]
    host = next(each for each in readings(plan, whole, {}) if each.card is None and each.term == "weights")
    assert host.measured_bytes == host.planned_bytes


def replace_size(each: Allocated, size_bytes: int) -> Allocated:
    return each._replace(size_bytes=size_bytes)


def test_a_copy_in_another_layout_beside_mapped_pages_is_the_same_weights(tmp_path: Path) -> None:
    plan = planned(tmp_path, "R1-Distill-Qwen-7B", "Q4_K_M", replace(ONE, gpus=()))
    found = [*as_planned(plan), Allocated("CPU_REPACK", "weights", 3 * GIB)]
    host = next(each for each in readings(plan, found, {}) if each.term == "weights")
    assert host.measured_bytes == host.planned_bytes


def test_what_a_card_lost_besides_its_buffers_is_its_overhead(tmp_path: Path) -> None:
    plan = planned(tmp_path, "R1-Distill-Qwen-7B", "Q4_K_M", ONE)
    found = as_planned(plan)
    buffers = sum(each.size_bytes for each in found if each.buffer == "CUDA0")
    told = {each.term: each for each in readings(plan, found, {0: buffers + 700 * MIB}) if each.card == 0}
    assert told["overhead"].measured_bytes == 700 * MIB
    silent = {each.term: each for each in readings(plan, found, {}) if each.card == 0}
    assert silent["overhead"].measured_bytes is None


@pytest.mark.parametrize(
    ("line", "card"),
    [("ROCm0", 0), ("Vulkan0", 0), ("CUDA0", 0)],
)
def test_a_card_is_known_by_its_number_where_its_name_is_new(tmp_path: Path, line: str, card: int) -> None:
    plan = planned(tmp_path, "R1-Distill-Qwen-7B", "Q4_K_M", ONE)
    found = allocated([f"load_tensors: {line} model buffer size = 100.00 MiB\n"])
    told = buffer_readings(plan.option.memory, found, plan.file.weights, ["SYCL0"], {}, None)
    weights = next(each for each in told if each.card == card and each.term == "weights")
    assert weights.measured_bytes == 100 * MIB
