"""Thinking goes back to the models that want it, of the turns for which they want it, and to no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.load import load_providers
from r1plan.engine.chat import Message, ToolCall
from r1plan.engine.history import sent_messages, thinking_back

CALL = ToolCall("c", "weather", "{}")
U, A, T = (
    Message("user", "u"),
    Message("assistant", "a", "t"),
    Message("assistant", "", "why", (CALL,)),
)
R = Message("tool", "r", tool_call_id="c")


def kept(*messages: Message) -> list[int]:
    return [at for at, each in enumerate(sent_messages(messages, "tool_turns", "why")) if "why" in each]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        pytest.param((U, A, U), [], id="a turn without a tool"),
        pytest.param((U, T, R), [1], id="in the middle of a tool turn"),
        pytest.param((U, T, R, A, U), [1, 3], id="after a tool turn"),
        pytest.param((U, A, U, T, R, T, R, A, U, A, U), [3, 5, 7], id="a tool turn between others"),
        pytest.param((Message("system", "s"), U, T, R), [2], id="after a system message"),
        pytest.param((T, R, U), [0], id="a conversation that begins with a call"),
        pytest.param((U, Message("assistant", "", None, (CALL,)), R), [], id="a call that nobody thought about"),
        pytest.param((), [], id="nothing"),
    ],
)
def test_the_thinking_of_tool_turns_goes_back(messages: tuple[Message, ...], expected: list[int]) -> None:
    assert kept(*messages) == expected


@given(st.lists(st.sampled_from([U, A, T, R])))
def test_no_thinking_ever_goes_back_to_a_model_that_refuses_it(messages: list[Message]) -> None:
    sent = sent_messages(messages, "never", "why")
    assert [each["content"] for each in sent] == [each.content for each in messages]
    assert all("why" not in each for each in sent)


def test_every_r1_on_offer_never_gets_its_thinking_back() -> None:
    for provider in load_providers().values():
        for offer in provider.offers:
            if offer.is_r1 or "R1" in offer.serves.partition(":")[0]:
                assert thinking_back(provider, offer) == "never", offer.model
        assert thinking_back(provider, None) == "never"
