from __future__ import annotations

import pytest

from r1plan.plan.llamacpp.headroom import headroom_of
from r1plan.plan.pins import Pins
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from r1plan.render.plan.explained import explained
from r1plan.render.text.screen import Screen
from tests.plan.catalogue import CATALOGUE, card, machine, plan

ANSWER = plan(machine(card(24), ram=64))
VIEW = LlamaCppView()
HEADROOM = headroom_of(ANSWER, CATALOGUE, Pins())


@pytest.mark.parametrize("width", [80, 120])
def test_lines_are_broken_at_the_terminals_width_and_lose_no_word(width: int) -> None:
    plain, broken = (list(explained(VIEW, ANSWER, HEADROOM, Screen(columns=each))) for each in (10_000, width))
    assert any(len(line) > width for line in plain)
    assert all(len(line) <= width for line in broken)
    assert " ".join(plain).split() == " ".join(broken).split()


def test_what_fills_first_and_what_more_room_buys_are_said() -> None:
    text = "\n".join(explained(VIEW, ANSWER, HEADROOM, Screen(columns=120)))
    assert "as the context grows in this layout, gpu0 is full first: at " in text
    assert "GiB more on gpu0: " in text
