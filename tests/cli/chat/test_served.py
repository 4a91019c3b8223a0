"""A person is told when another model answered than the one asked: after the answer, once until it changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from r1plan.ask.question import AskOptions
from r1plan.cli.chat.asking import ChatAsker
from r1plan.conversation.session import Session, Wishes
from r1plan.engine.chat import ChatRequest
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.execution.context import Unseen
from tests.ask.test_asker import named
from tests.cli.chat.test_chat import KEY, chat, remote
from tests.cli.chat.test_repl import CHAT
from tests.terminal import Terminal
from tests.wire.server import Asked, Reply, serving


def test_another_model_is_told_after_the_closing_line_and_is_a_field_of_the_document() -> None:
    with serving(named("deepseek-v9")) as wire:
        done = chat("Well?", "--provider", "deepseek", **remote(wire.url))
        found = json.loads(chat("Well?", "--provider", "deepseek", "--json", **remote(wire.url)).stdout)
    assert done.stdout == "The answer is 42 🎉.\n"
    *_, closing, told = done.stderr.splitlines()
    assert "logged in" in closing
    assert told == "DeepSeek was asked for 'deepseek-flash'; deepseek-v9 answered."
    assert (found["route"]["model_requested"], found["route"]["model_served"]) == ("deepseek-flash", "deepseek-v9")


@pytest.mark.parametrize("served", ["deepseek-flash", "deepseek/deepseek-flash", "DeepSeek-V4.1-Flash"])
def test_what_the_offer_says_it_serves_is_no_surprise(served: str) -> None:
    with serving(named(served)) as wire:
        done = chat("Well?", "--provider", "deepseek", **remote(wire.url))
    assert "logged in" in done.stderr.splitlines()[-1]


def test_nothing_is_told_of_an_answer_from_here() -> None:
    done = chat("What is 17 + 25?", "--local")
    assert "logged in" in done.stderr.splitlines()[-1]


def test_it_is_told_once_until_it_changes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = iter(["deepseek-v9", "deepseek-v9", "deepseek-v10", "deepseek-v10", "deepseek-v9"])

    def reply(_asked: Asked) -> Reply:
        return named(next(served))

    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    session = Session(wishes=Wishes(provider="deepseek"))
    asker = ChatAsker(AskOptions(log=UsageLog(home / "logs")), ChatRequest(messages=()), say=lambda _text: None)
    with serving(reply) as wire:
        monkeypatch.setenv("R1PLAN_DEEPSEEK_BASE_URL", wire.url)
        found = [asker.ask(asker.plan(session, "Well?"), Unseen()).served for _ in range(5)]
        asker.close()
    assert [each and (each.why, each.served) for each in found] == [
        ("other", "deepseek-v9"),
        None,
        ("changed", "deepseek-v10"),
        None,
        ("changed", "deepseek-v9"),
    ]


def test_a_conversation_says_it_once() -> None:
    with serving(named("deepseek-v9")) as wire:
        with Terminal([*CHAT, "--provider", "deepseek"], remote(wire.url)) as terminal:
            for number, text in enumerate(("One?\r", "Two?\r", "/exit\r"), 1):
                terminal.prompt(number)
                terminal.type(text)
            assert terminal.ended() == 0
        assert terminal.screen.text.count("; deepseek-v9 answered.") == 1
        assert len(wire.asked) == 2
