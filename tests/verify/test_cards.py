"""What a card lost to this process, and what others did on it meanwhile, from two looks of its driver."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from r1plan.hardware.machine import GpuDevice, GpuProcess, Machine
from r1plan.units import GIB, MIB
from r1plan.verify.cards import lost_bytes, others_changed
from tests.plan.catalogue import card, machine

OURS, THEIRS = os.getpid(), 4242


def held(free_gib: float, *processes: tuple[int, int | None], index: int = 0) -> GpuDevice:
    """A card of 24 GiB, with what each process has of it in MiB."""
    return replace(
        card(24, index=index),
        memory_basis="measured",
        free_bytes=round(free_gib * GIB),
        processes=tuple(
            GpuProcess(pid=pid, name=None, used_bytes=None if used is None else used * MIB) for pid, used in processes
        ),
    )


def of(*cards: GpuDevice) -> Machine:
    return machine(*cards)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param(held(24), held(4, (OURS, 20_000)), False, id="ours alone"),
        pytest.param(held(20, (THEIRS, 4000)), held(4, (THEIRS, 4000), (OURS, 16_000)), False, id="theirs rests"),
        pytest.param(held(20, (THEIRS, 4000)), held(4, (THEIRS, 4064), (OURS, 16_000)), False, id="a little more"),
        pytest.param(held(20, (THEIRS, 4000)), held(4, (THEIRS, 4065), (OURS, 16_000)), True, id="much more"),
        pytest.param(held(20, (THEIRS, 4000)), held(4, (OURS, 16_000)), True, id="one went"),
        pytest.param(held(24), held(4, (THEIRS, 4000), (OURS, 16_000)), True, id="one came"),
        pytest.param(held(24), held(4, (THEIRS, 20_000)), False, id="we, by the number outside a container"),
        pytest.param(held(24), held(4, (7, 100), (8, 20_000)), True, id="two came in a container"),
        pytest.param(held(20, (THEIRS, None)), held(4, (THEIRS, None)), False, id="not told"),
        pytest.param(held(24), held(4), False, id="no list"),
    ],
)
def test_others_are_noticed_where_they_moved(before: GpuDevice, after: GpuDevice, changed: bool) -> None:
    assert others_changed(before, after) is changed


def test_a_card_lost_what_it_has_less_or_what_its_driver_says_of_us_where_others_moved() -> None:
    before = of(held(24))
    assert lost_bytes(before.gpus, before, of(held(4, (OURS, 19_000)))) == {0: 20 * GIB}
    moved = of(held(1, (OURS, 19_000), (THEIRS, 3000)))
    assert lost_bytes(before.gpus, before, moved) == {0: 19_000 * MIB}
    untold = of(held(1, (OURS, None), (THEIRS, 3000)))
    assert lost_bytes(before.gpus, before, untold) == {0: 23 * GIB}


def test_each_card_of_the_plan_is_found_however_it_is_counted() -> None:
    before = of(held(24), replace(held(15, index=1), name="slower"))
    after = of(held(20), replace(held(14, index=1), name="slower"))
    as_engine = (replace(before.gpus[1], index=0), replace(before.gpus[0], index=1))
    assert lost_bytes(as_engine, before, after) == {0: GIB, 1: 4 * GIB}


def test_two_alike_cards_are_each_counted_once() -> None:
    before = of(held(24), held(24, index=1))
    assert lost_bytes(before.gpus, before, of(held(20), held(23, index=1))) == {0: 4 * GIB, 1: GIB}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(of(replace(held(24), unified=True)), of(replace(held(20), unified=True)), id="one memory"),
        pytest.param(of(replace(held(24), memory_basis="assumed")), of(held(20)), id="not measured"),
        pytest.param(of(held(24)), of(), id="it is gone"),
        pytest.param(of(), of(), id="no card"),
    ],
)
def test_what_no_driver_measures_is_not_known(before: Machine, after: Machine) -> None:
    assert lost_bytes(before.gpus, before, after) == {}
