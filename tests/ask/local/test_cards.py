"""A machine as its engine has it: the cards that the build uses, in its order."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from r1plan.ask.local.cards import machine_of_engine
from r1plan.engine.local.llama.library import EngineDevice
from r1plan.hardware.machine import GpuDevice, Vendor
from r1plan.units import GIB
from tests.plan.catalogue import card, machine


def gpu(name: str, gib: float, *, free: float | None = None, vendor: Vendor = "nvidia", index: int = 0) -> GpuDevice:
    size = round((gib if free is None else free) * GIB)
    return replace(card(gib, index=index), name=name, vendor=vendor, free_bytes=size)


def seen(
    name: str, gib: float, *, free: float | None = None, kind: Literal["cpu", "gpu", "igpu", "accelerator"] = "gpu"
) -> EngineDevice:
    return EngineDevice("GPU", name, kind, round((gib if free is None else free) * GIB), round(gib * GIB))


CPU = seen("AMD Ryzen 9", 64, kind="cpu")
R4090, R3060 = gpu("NVIDIA GeForce RTX 4090", 24), gpu("NVIDIA GeForce RTX 3060", 12, index=1)


def names(here: tuple[GpuDevice, ...], *devices: EngineDevice) -> list[str] | None:
    found = machine_of_engine(machine(*here), devices).machine
    return None if found is None else [each.name for each in found.gpus]


def test_the_engines_order_is_taken_and_counted_from_zero() -> None:
    found = machine_of_engine(machine(R3060, R4090), [seen(R4090.name, 24), seen(R3060.name, 12), CPU]).machine
    assert found is not None
    assert [(each.index, each.name) for each in found.gpus] == [(0, R4090.name), (1, R3060.name)]


def test_a_build_without_cards_plans_for_the_processor_and_names_what_it_cannot_use() -> None:
    found = machine_of_engine(machine(R4090, R3060), [CPU, seen("BLAS", 0, kind="accelerator")])
    assert found.machine is not None
    assert (found.machine.gpus, found.cards, found.unused) == ((), 0, (R4090.name, R3060.name))


def test_a_card_that_the_build_does_not_see_is_left_out() -> None:
    amd = gpu("AMD Radeon RX 7900 XTX", 24, vendor="amd")
    assert names((R4090, amd), seen(R4090.name, 24)) == [R4090.name]
    assert names((R4090, amd), seen("AMD Radeon RX 7900 XTX (RADV NAVI31)", 24)) == [amd.name]


def test_graphics_in_the_processor_count_only_where_there_is_no_card() -> None:
    inside = replace(gpu("AMD Radeon 780M Graphics", 32, vendor="amd"), unified=True)
    shared = seen("AMD Radeon 780M Graphics (RADV PHOENIX)", 32, kind="igpu")
    assert names((R4090, inside), shared, seen(R4090.name, 24)) == [R4090.name]
    assert names((inside,), shared) == [inside.name]


def test_of_two_alike_the_one_with_that_much_free_is_meant() -> None:
    screen, empty = gpu("NVIDIA GeForce RTX 3090", 24, free=21), gpu("NVIDIA GeForce RTX 3090", 24, free=24)
    found = machine_of_engine(
        machine(screen, empty), [seen(empty.name, 24, free=23.6), seen(screen.name, 24, free=20.7)]
    )
    assert found.machine is not None
    assert [each.free_bytes for each in found.machine.gpus] == [empty.free_bytes, screen.free_bytes]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (gpu("RTX 4090", 24), seen("NVIDIA GeForce RTX 4090", 23.5)),
        (gpu("a name of our own", 24), seen("NVIDIA GeForce RTX 4090", 23.6)),
        (gpu("M3 Max (40 cores)", 48, vendor="apple"), seen("Apple M3 Max", 48)),
        (gpu("NVIDIA A100-SXM4-40GB MIG 1g.5gb", 5), seen("NVIDIA A100-SXM4-40GB MIG 1g.5gb", 5)),
        (gpu("NVIDIA H200", 140), seen("NVIDIA H200", 140)),
    ],
    ids=["short", "by-memory", "apple", "mig", "h200"],
)
def test_a_card_is_known_by_its_name_or_its_memory(ours: GpuDevice, theirs: EngineDevice) -> None:
    assert names((ours,), theirs) == [ours.name]


@pytest.mark.parametrize(
    "theirs",
    [seen("Intel Arc B580", 24), seen("Some Card", 12), seen("AMD Radeon RX 7900 XTX", 24)],
    ids=["another-maker", "another-size", "another-makers-name"],
)
def test_with_a_card_that_is_not_known_here_nothing_is_planned(theirs: EngineDevice) -> None:
    found = machine_of_engine(machine(R4090), [theirs])
    assert (found.machine, found.cards, found.free_bytes) == (None, 1, theirs.free_bytes)
