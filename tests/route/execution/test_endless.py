"""Answers that come to no end: noticed, told once, and ended where nobody bills what is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from r1plan.engine.chat import (
    Answer,
    ChatEngine,
    ChatRequest,
    Event,
    Finished,
    KeepsThinking,
    Message,
    Thinking,
    WasThinking,
)
from r1plan.ledger.usage_log import UsageLog
from r1plan.prices.usage import Usage
from r1plan.render.chat.terminal import closing_line
from r1plan.render.chat.words import note_text
from r1plan.route.execution.context import Clocks, RequestContext
from r1plan.route.execution.endless import EndlessWatch, LongThinking, Looping
from r1plan.route.execution.failover import ask
from r1plan.route.execution.notes import LoopEnded, Note, Repeats, ThinkingClosed, ThinksLong
from r1plan.route.execution.result import ChatResult
from r1plan.route.execution.target import AttemptTarget
from tests.route.execution.passages import prose
from tests.route.execution.test_run import Scripted
from tests.route.providers import Watcher

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
USAGE = Usage(input_tokens=5, output_tokens=9, provenance={"input_tokens": "counted", "output_tokens": "counted"})
END = Finished(reason="stop", usage=USAGE)
LOOP = "Wait, I should check that again. But it was right. "
FINE = prose(Random(1), 400)


@dataclass
class Closing(Scripted):
    """A scripted engine whose thinking can be closed: it answers then. `can` False: it says that it cannot."""

    can: bool = True
    keeps: KeepsThinking = "no"
    is_closed: bool = False

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        for event in super().stream(request):
            if self.is_closed:
                break
            yield event
        if self.is_closed:
            yield Answer("42")
        yield END

    def keeps_thinking(self) -> KeepsThinking:
        return self.keeps

    def close_thinking(self) -> bool:
        self.is_closed = self.can
        return self.can


def asked(engine: ChatEngine, tmp_path: Path, question: str = "?", *, here: bool = False, **wishes: object) -> Told:
    audience = Watcher()
    target = AttemptTarget(
        provider="local" if here else "deepseek",
        model="it",
        is_remote=not here,
        connect=lambda: engine,
        usual_thinking_tokens=wishes.pop("usual", None),  # type: ignore[arg-type]
    )
    context = RequestContext(
        request=ChatRequest(messages=(Message("user", question),), **wishes),  # type: ignore[arg-type]
        log=UsageLog(tmp_path),
        audience=audience,
        clocks=Clocks(now=lambda: AT),
    )
    return Told(ask([target], context), audience.notes)


@dataclass
class Told:
    """What came of a question, and what was told on the way."""

    result: ChatResult
    notes: list[Note]

    @property
    def flags(self) -> tuple[str, ...]:
        return self.result.entry.flags


def thinks(text: str) -> list[Event | BaseException]:
    return [Thinking(text[start : start + 50]) for start in range(0, len(text), 50)]


def answers(text: str) -> list[Event | BaseException]:
    return [Answer(each.text) for each in thinks(text) if isinstance(each, Thinking)]


@pytest.mark.parametrize("here", [True, False])
def test_thinking_in_a_loop_is_told_once_and_goes_on_where_it_cannot_be_closed(tmp_path: Path, here: bool) -> None:
    told = asked(Scripted([*thinks(LOOP * 300), Answer("42"), END]), tmp_path, here=here)
    assert [type(each) for each in told.notes] == [Repeats]
    assert "thinking the same again and again for about" in note_text(told.notes[0])
    assert (told.result.answer, told.result.finish, told.flags) == ("42", "stop", ("thinking_loop",))


def test_thinking_that_can_be_closed_is_closed_once_the_loop_is_certain(tmp_path: Path) -> None:
    told = asked(Closing(thinks(LOOP * 2000)), tmp_path, here=True)
    assert [type(each) for each in told.notes] == [Repeats, ThinkingClosed]
    assert note_text(told.notes[1]) == (
        "deepseek-flash only thinks the same again: it answers from what it has thought."
    )
    assert (told.result.answer, told.result.finish, told.flags) == ("42", "stop", ("thinking_loop",))
    assert len(told.result.thinking) < 20_000


def test_a_loop_that_cannot_be_closed_after_all_goes_on(tmp_path: Path) -> None:
    told = asked(Closing(thinks(LOOP * 300), can=False), tmp_path, here=True)
    assert [type(each) for each in told.notes] == [Repeats]
    assert told.result.finish == "stop"


def test_a_limit_on_the_thinking_closes_it_where_that_can_be_done_and_cuts_it_where_not(tmp_path: Path) -> None:
    closed = asked(Closing(thinks(FINE)), tmp_path, max_thinking=50)
    assert (closed.result.answer, closed.result.finish) == ("42", "stop")
    cut = asked(Closing(thinks(FINE), can=False), tmp_path, max_thinking=50)
    assert (cut.result.answer, cut.result.finish, cut.result.entry.end_reason) == ("", "length", "thinking_limit")
    own = asked(Closing(thinks(FINE), keeps="exactly"), tmp_path, max_thinking=50)
    assert own.result.thinking == FINE


def test_an_answer_in_a_loop_ends_here_where_the_loop_is_certain(tmp_path: Path) -> None:
    told = asked(Scripted([*thinks(FINE), *answers(LOOP * 2000)], so_far=USAGE), tmp_path, here=True)
    assert [type(each) for each in told.notes] == [Repeats, LoopEnded]
    assert (told.result.finish, told.flags, told.result.entry.end_reason) == (
        "length",
        ("answer_loop",),
        "answer_loop",
    )
    assert closing_line(told.result).startswith("ended where it repeated itself")
    assert 5000 < len(told.result.answer) < 20_000


def test_an_answer_of_a_provider_is_not_cut_off_for_a_loop(tmp_path: Path) -> None:
    told = asked(Scripted([*answers(LOOP * 500), END]), tmp_path)
    assert [type(each) for each in told.notes] == [Repeats]
    assert told.result.answer == LOOP * 500
    assert "repeating itself for about" in note_text(told.notes[0])


def test_what_was_asked_for_is_no_loop(tmp_path: Path) -> None:
    lines = "All work and no play makes Jack a dull boy.\n" * 300
    events = [*answers(lines), END]
    question = "Write 'All work and no play makes Jack a dull boy.' 300 times."
    told = asked(Scripted(events), tmp_path, question, here=True)
    assert (told.notes, told.result.answer, told.flags) == ([], lines, ())


def test_thinking_far_beyond_the_usual_is_told_once(tmp_path: Path) -> None:
    told = asked(Scripted([*thinks(prose(Random(2), 9000)), Answer("42"), END]), tmp_path, usual=1200)
    assert [type(each) for each in told.notes] == [ThinksLong]
    assert "nine of ten such questions take 1,200 at most" in note_text(told.notes[0])
    assert told.flags == ()


@pytest.mark.parametrize(
    ("usual", "tokens", "is_told"),
    [(None, 50_000, False), (100, 4096, False), (100, 4097, True), (2000, 8000, False), (2000, 8001, True)],
)
def test_how_long_is_far_beyond(usual: int | None, tokens: int, is_told: bool) -> None:
    rng = Random(5)
    watch = EndlessWatch("?", usual)
    signs = [watch(Thinking(f"{rng.random():.3f} ")) for _ in range(tokens)]
    assert [each for each in signs if isinstance(each, LongThinking)] == (
        [LongThinking(tokens, usual)] if is_told and usual else []
    )


def test_what_was_thinking_after_all_is_told_no_second_time() -> None:
    watch = EndlessWatch("?")
    signs = [
        watch(event)
        for event in (*answers(LOOP * 90), WasThinking(), *thinks(LOOP * 20))
        if not isinstance(event, BaseException)
    ]
    assert [(each.part, each.certain) for each in signs if isinstance(each, Looping)] == [("answer", False)]
