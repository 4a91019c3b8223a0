"""A machine as the planner sees it."""

from __future__ import annotations

import pytest

from r1plan.plan.llamacpp.memory.devices import cards_beyond, devices_of
from r1plan.render.plan.words import machine_notes
from tests.plan.catalogue import card, machine, plan


@pytest.mark.parametrize(("cards", "taken"), [(15, 15), (16, 16), (17, 16)])
def test_one_llama_cpp_takes_sixteen_cards(cards: int, taken: int) -> None:
    many = machine(*(card(24, index=index) for index in range(cards)))
    assert [each.gpu_index for each in devices_of(many).gpus] == list(range(taken))
    assert (cards_beyond(many) is None) == (cards == taken)


def test_what_is_left_out_is_said() -> None:
    many = machine(*(card(24, index=index) for index in range(17)))
    answer = plan(many)
    assert "llama.cpp takes at most 16 cards: the first 16 of 17 are planned for." in machine_notes(answer)
    assert answer.choice is not None
    assert len(answer.choice.placement.used_gpus) <= 16
