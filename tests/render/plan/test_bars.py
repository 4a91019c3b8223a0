"""The memory of a plan as bars."""

from __future__ import annotations

import re

import pytest

from r1plan.plan.pins import Pins
from r1plan.render.plan.bars import MemoryBar, bar_lines, whole_bar
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from r1plan.render.plan.engines.llamacpp_explained import parts_of
from r1plan.render.text.screen import Screen
from r1plan.units import GIB
from tests.plan.catalogue import card, machine, plan

CARD = MemoryBar(
    "GPU",
    (
        ("weights", 12 * GIB),
        ("kv_cache", 4 * GIB),
        ("compute", GIB),
        ("overhead", GIB),
        ("free", 2 * GIB),
        ("taken", 4 * GIB),
    ),
)
RAM = MemoryBar("RAM", (("weights", 0), ("kv_cache", 0), ("compute", GIB), ("overhead", 0), ("free", 9 * GIB)))


@pytest.mark.parametrize(
    ("screen", "line"),
    [
        (
            Screen(columns=80),
            "GPU  ███████████▓▓▓▒▒··  █ weights 12.0  ▓ cache 4.0  ▒ rest 2.0  · free 2.0 GiB",
        ),
        (
            Screen(columns=80, blocks=False),
            "GPU  ###########===++..  # weights 12.0  = cache 4.0  + rest 2.0  . free 2.0 GiB",
        ),
    ],
    ids=["Unicode", "ASCII"],
)
def test_a_device_is_a_line_with_its_own_legend(screen: Screen, line: str) -> None:
    assert bar_lines([CARD], screen) == [line]
    assert len(line) == 80


def test_a_device_that_holds_neither_weights_nor_cache_has_no_line() -> None:
    assert bar_lines([RAM], Screen(columns=80)) == []


def test_bars_of_several_devices_begin_and_end_together() -> None:
    lines = bar_lines([CARD, CARD._replace(device="GPU 10")], Screen(columns=100))
    assert [line.index("█") for line in lines] == [8, 8]
    assert len({line.index("█ weights") for line in lines}) == 1


@pytest.mark.parametrize("columns", [20, 40, 60, 66])
def test_a_terminal_without_room_for_a_bar_has_none(columns: int) -> None:
    assert bar_lines([CARD], Screen(columns=columns)) == []


def test_colours_say_nothing_that_the_characters_do_not() -> None:
    plain, painted = (bar_lines([CARD], Screen(columns=80, colours=each))[0] for each in (False, True))
    assert painted != plain
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain


def test_the_whole_of_a_device_holds_what_others_have_taken() -> None:
    assert whole_bar(CARD, 24, Screen(columns=80)) == "████████████▓▓▓▓▒░··xxxx"


def test_a_plans_bars_add_up_to_its_devices() -> None:
    answer = plan(machine(card(12), card(12, index=1), ram=64))
    assert answer.choice is not None
    bars = list(LlamaCppView().bars(answer))
    capacities = {each.device.capacity_bytes for each in answer.choice.memory if each.device.kind == "gpu"}
    assert {sum(size for _, size in each.parts) for each in bars} == capacities == {12 * GIB}
    assert {each.device[:4] for each in bars} == {"GPU "}


def test_cards_that_hold_the_same_are_one_bar_and_one_part_of_the_explanation() -> None:
    answer = plan(machine(*(card(80, index=each) for each in range(8)), ram=640), pins=Pins(model="DeepSeek-R1"))
    assert answer.choice is not None
    cards = sum(each.device.kind == "gpu" for each in answer.choice.memory)
    bars = list(LlamaCppView().bars(answer))
    assert len(bars) < cards
    assert any("-" in each.device for each in bars)
    explained = list(parts_of(answer, answer.choice, None, Screen(columns=80)))
    assert sum(line.startswith("  gpu") for line in explained) == len(bars)
