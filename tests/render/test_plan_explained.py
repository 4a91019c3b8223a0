from __future__ import annotations

import pytest

from r1plan.plan.more_room import room_of
from r1plan.plan.workload import Pins
from r1plan.render.plan_explained import explained
from tests.plan.catalogue import MODELS, TABLES, card, machine, plan

ANSWER = plan(machine(card(24), ram=64))
ROOM = room_of(ANSWER, MODELS, TABLES, Pins())


@pytest.mark.parametrize("width", [80, 120])
def test_lines_are_broken_at_the_terminals_width_and_lose_no_word(width: int) -> None:
    plain, broken = list(explained(ANSWER, ROOM)), list(explained(ANSWER, ROOM, width))
    assert any(len(line) > width for line in plain)
    assert all(len(line) <= width for line in broken)
    assert " ".join(plain).split() == " ".join(broken).split()


def test_what_fills_first_and_what_more_room_buys_are_said() -> None:
    text = "\n".join(explained(ANSWER, ROOM))
    assert "as the context grows in this layout, gpu0 is full first: at " in text
    assert "GiB more on gpu0: " in text
