"""What a model here has read of a conversation: found again by `chat --continue`, counted, and not where nothing is."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1plan.conversation.session import Exchange, Wishes
from r1plan.conversation.steps import Answered, Asked, Wished
from r1plan.conversation.store import append
from tests.cli.chat.test_chat import chat, log_rows
from tests.cli.chat.test_repl import CHAT
from tests.terminal import Terminal

LONG = "What is 17 + 25? " * 25


@pytest.fixture
def talk(home: Path) -> Path:
    """A saved conversation of some hundred tokens with the demonstration model."""
    path = home / "data" / "conversations" / "20260101T000000-00000000.jsonl"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    append(path, Wished(Wishes(local=True, model="r1-tiny")), at)
    append(path, Asked(LONG, None), at)
    append(path, Answered(Exchange(question=LONG, answer="17 + 25 = 42", model="local/r1-tiny"), None, None), at)
    return path


def went_on(question: str, *words: str) -> tuple[int, int, str]:
    """The tokens of the prompt, those that were not read, and the answer."""
    done = chat("--continue", *words, "--json", question)
    assert done.returncode == 0, done.stderr
    fields = json.loads(done.stdout)
    return fields["usage"]["input_tokens"], fields["usage"]["cache_hit_tokens"], fields["answer"]


def test_a_conversation_that_goes_on_reads_only_what_is_new(talk: Path) -> None:
    first, cached, answer = went_on("What is 3 + 4?")
    assert (cached, answer) == (0, "3 + 4 = 7")
    state = talk.with_suffix(".state")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    again, cached, answer = went_on("What is 8 + 9?")
    assert cached == first - 2, "all but `<think>` and its newline"
    assert again > first
    assert answer == "8 + 9 = 17"


def test_the_row_counts_the_hits(talk: Path, home: Path) -> None:
    went_on("What is 3 + 4?")
    _, cached, _ = went_on("What is 8 + 9?")
    rows = [json.loads(line) for path in (home / "data").rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert cached > 256
    assert cached in [row.get("cache_hit_tokens") for row in rows]


def test_without_a_log_nothing_is_kept(talk: Path) -> None:
    went_on("What is 3 + 4?", "--no-log")
    assert [each.name for each in talk.parent.iterdir()] == [talk.name]


def test_a_question_that_stands_alone_keeps_nothing(home: Path) -> None:
    done = chat("--local", LONG)
    assert done.returncode == 0, done.stderr
    assert not list(home.rglob("*.state"))


def test_a_broken_state_is_read_again(talk: Path) -> None:
    went_on("What is 3 + 4?")
    state = talk.with_suffix(".state")
    state.write_bytes(state.read_bytes()[:-1])
    _, cached, answer = went_on("What is 8 + 9?")
    assert (cached, answer) == (0, "8 + 9 = 17")


def test_a_state_goes_with_its_conversation(talk: Path) -> None:
    went_on("What is 3 + 4?")
    other = talk.with_name("20260102T000000-00000000.jsonl")
    other.write_bytes(talk.read_bytes())
    talk.unlink()
    went_on("What is 8 + 9?")
    assert {each.stem for each in talk.parent.glob("*.state")} == {other.stem}


def test_a_conversation_in_a_terminal_is_kept_at_its_end_and_goes_on(home: Path) -> None:
    with Terminal(CHAT) as terminal:
        terminal.prompt(1)
        terminal.type(f"{LONG}{LONG}\r")
        terminal.prompt(2)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    (state,) = (home / "data" / "conversations").glob("*.state")
    assert state.with_suffix(".jsonl").is_file()
    with Terminal([*CHAT, "--continue"]) as terminal:
        terminal.prompt(2)
        terminal.type("What is 3 + 4?\r")
        terminal.prompt(3)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    first, second = log_rows(home)
    assert first["cache_hit_tokens"] == 0
    assert second["cache_hit_tokens"] == first["input_tokens"] - 2 > 256
