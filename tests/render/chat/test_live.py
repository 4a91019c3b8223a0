"""A streaming answer on a terminal: what scrolled away is right and is never touched again, whatever came when."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from r1plan.conversation.session import ThinkingShown
from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.render.chat.live import LiveScreen
from r1plan.render.chat.progress import Progress, fitted, folded_line, status_line
from r1plan.render.chat.region import Region
from tests.terminal import Screen

ANSWER = (Path(__file__).parents[1] / "markdown" / "answer.md").read_text(encoding="utf-8")
GOLDEN = Path(__file__).parents[2] / "golden"
THOUGHTS = (
    "Okay, so the user wants the area under a curve. Let me think about that for a while, with many words.\n\n"
    "First I recall the definition of the integral.\n"
) * 4


class Watched:
    """A live screen on a terminal, with a clock that moves by a hundredth of a second an event."""

    def __init__(self, mode: ThinkingShown, columns: int = 80, rows: int = 24, *, fold: bool = True) -> None:
        self.terminal = Screen(columns, rows)
        self.now = 0.0
        self.out = StringIO()
        self.out.write = self._write  # type: ignore[method-assign]
        self.live = LiveScreen(
            self.out,
            mode,
            size=lambda: (self.terminal.columns, self.terminal.height),
            fold=fold,
            usd_before=Decimal("0.001"),
            tick=lambda: self.now,
        )
        self.live.asks("deepseek-flash", Decimal("0.0000012"))

    def _write(self, text: str) -> int:
        self.terminal.feed(text.replace("\n", "\r\n"))
        return len(text)

    def run(self, events: list[Event], paint_every: int) -> list[str]:
        for number, event in enumerate(events):
            self.live.show(event)
            self.now += 0.01
            if paint_every and number % paint_every == 0:
                self.live.paint()
        return self.terminal.lines

    def finished(self) -> list[str]:
        self.live.done()
        assert self.terminal.above_changed == 0
        return self.terminal.lines


def pieces(text: str, size: int, kind: type[Thinking] | type[Answer]) -> list[Event]:
    return [kind(text[at : at + size]) for at in range(0, len(text), size)]


TALK = pieces(THOUGHTS, 5, Thinking) + pieces(ANSWER, 5, Answer)


@pytest.mark.parametrize("columns", [80, 120])
def test_the_screen_is_as_it_was_looked_over(columns: int) -> None:
    watched = Watched("dim", columns)
    shots = []
    for begin, end in pairwise((0, 60, 130, 220, len(TALK))):
        watched.run(TALK[begin:end], 3)
        watched.live.paint()
        shots.append(watched.terminal.lines)
    shots.append(watched.finished())
    shown = "\n".join(f"===== {number}\n" + "\n".join(lines) for number, lines in enumerate(shots)) + "\n"
    assert shown == (GOLDEN / f"chat_{columns}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("mode", ["show", "dim", "hide"])
@pytest.mark.parametrize("fold", [True, False], ids=["folded", "kept"])
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 30), (30, 8)])
def test_what_is_left_does_not_depend_on_when_it_was_painted(
    mode: ThinkingShown, fold: bool, columns: int, rows: int
) -> None:
    def left(paint_every: int) -> list[str]:
        watched = Watched(mode, columns, rows, fold=fold)
        watched.run(TALK, paint_every)
        return watched.finished()

    assert left(1) == left(7) == left(0)


MARKS = [
    "word ", "**", "`", "\n", "\n\n", "- ", "1. ", "> ", "| ", "|\n|-|\n", "```\n", "\\[", "你", "x" * 50, "\x1b[2J",
    "\r",
]  # fmt: skip
texts = st.lists(st.sampled_from(MARKS), max_size=30)


@settings(max_examples=60, deadline=None)
@given(texts, texts, st.integers(1, 5), st.integers(10, 40))
@example([], ["- ", "\n", "- ", "|\n|-|\n", "\n", "word ", "\n"], 1, 10)
def test_no_stream_spoils_what_scrolled_away(
    thoughts: list[str], answers: list[str], paint_every: int, columns: int
) -> None:
    events: list[Event] = [*map(Thinking, thoughts), *map(Answer, answers)]
    watched, at_once = Watched("show", columns, 6), Watched("show", columns, 6)
    watched.run(events, paint_every)
    at_once.run(events, 0)
    assert watched.finished() == at_once.finished()


def test_the_thinking_stays_when_it_is_not_to_be_folded() -> None:
    watched = Watched("dim", fold=False)
    watched.run(TALK, 3)
    text = " ".join(watched.finished())
    assert text.count("First I recall the definition of the integral.") == 4
    assert "/thinking" not in text


def test_hidden_thinking_leaves_nothing() -> None:
    watched = Watched("hide")
    watched.run(pieces(THOUGHTS, 5, Thinking), 3)
    assert "thinking" in watched.terminal.lines[-1]
    watched.run([Answer("Yes.")], 1)
    assert watched.finished() == ["Yes."]


def test_an_answer_that_was_thinking_is_told_so() -> None:
    watched = Watched("dim")
    watched.run([Answer("hm"), WasThinking(), Answer("Yes.")], 1)
    assert watched.finished() == ["hm", "", "(that was the thinking)", "", "Yes."]


def test_what_was_stopped_while_it_thought_ends_without_an_empty_row() -> None:
    watched = Watched("dim")
    watched.run([Thinking("hm")], 1)
    assert watched.finished() == ["thought, about 1 token · /thinking shows it"]


def test_control_sequences_in_pieces_are_taken_out() -> None:
    watched = Watched("show")
    watched.run([Thinking("a\x1b]0;ti"), Thinking("tle\x07b"), Answer("c\x1b["), Answer("2Jd")], 1)
    assert watched.finished() == ["ab", "", "cd"]


def cut(row: str, columns: int) -> list[str]:
    """`row` as a terminal breaks it: what is two columns wide does not begin on the last one."""
    lines = [""]
    for character in row:
        if cell_len(lines[-1] + character) > columns:
            lines.append("")
        lines[-1] += character
    return lines


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.text("abc日", max_size=12), max_size=3), st.lists(st.text("xyz本", max_size=12), max_size=12)
        ),
        max_size=8,
    )
)
def test_a_region_leaves_its_settled_rows_and_the_last_live_ones(paints: list[tuple[list[str], list[str]]]) -> None:
    terminal = Screen(10, 5)
    out = StringIO()
    region = Region(out, lambda: (10, 5))
    for settled, live in paints:
        region.paint(settled, live)
    region.paint([], [])
    terminal.feed(out.getvalue().replace("\n", "\r\n"))
    whole = [row for settled, _ in paints for row in settled]
    wrapped = [line for row in whole for line in cut(row, 10)]
    while wrapped and not wrapped[-1]:
        wrapped.pop()
    assert terminal.lines == wrapped
    assert terminal.above_changed == 0


def test_a_repaint_clears_line_by_line_and_nothing_from_the_first_row_on() -> None:
    # tmux keeps in its history what is cleared from the first row to the end of the screen.
    out = StringIO()
    region = Region(out, lambda: (10, 5))
    for live in (["a", "b", "x" * 14], ["a2", "b2", "y" * 13], ["日" * 9]):
        region.paint([], live)
    for part in out.getvalue().split("\x1b[J")[:-1]:
        assert part.endswith("\n")
    assert "\r\x1b[J" not in out.getvalue()


def test_no_name_on_the_status_line_steers_the_terminal_or_breaks_the_line() -> None:
    out = StringIO()
    Region(out, lambda: (80, 24)).paint([], ["\x1b[2mm\x1b]52;c;eA==\x07\x9b2J\u202e.gguf\nerror: x · waiting\x1b[0m"])
    assert out.getvalue() == "\x1b[2mm.gguf error: x · waiting\x1b[0m\n"


def test_only_rows_that_changed_are_written_again() -> None:
    out = StringIO()
    region = Region(out, lambda: (80, 24))
    region.paint([], ["first", "second"])
    out.truncate(0)
    region.paint([], ["first", "second!"])
    assert "first" not in out.getvalue()
    out.truncate(0)
    region.paint(["first"], ["second!"])
    assert "first" not in out.getvalue()
    assert "second" not in out.getvalue()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        pytest.param({}, "m · waiting …", id="nothing-yet"),
        pytest.param({"phase_s": 12.9}, "m · waiting, 12 s", id="waiting"),
        pytest.param(
            {"phase": "thinking", "tokens": 1312, "phase_s": 12.0, "decode_s": 10.0, "usd": Decimal("0.0012")},
            "m · thinking, 12 s · about 1,312 tokens · 131 tok/s · $0.0012 so far",
            id="thinking",
        ),
        pytest.param(
            {"phase": "answering", "tokens": 1, "decode_s": 0.5},
            "m · answering … · about 1 token",
            id="too-early-for-a-speed",
        ),
    ],
)
def test_the_status_line_says_what_is_known(changes: dict[str, object], line: str) -> None:
    known: dict[str, object] = {
        "model": "m", "phase": "waiting", "tokens": 0, "phase_s": 0.0, "decode_s": 0.0, "usd": None
    }  # fmt: skip
    assert status_line(Progress(**(known | changes))) == line  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "line"),
    [(20, "m · about 2 · $0.002"), (19, "m · about 2"), (11, "m · about 2"), (10, "m"), (0, "")],
)
def test_a_status_line_that_is_too_long_loses_whole_parts(columns: int, line: str) -> None:
    assert fitted("m · about 2 · $0.002", columns) == line


def test_a_folded_thinking_says_how_long_it_was() -> None:
    assert folded_line(12.4, 312) == "thought for 12 s, about 312 tokens"
    assert folded_line(0.2, 1) == "thought, about 1 token"


def test_a_sentence_on_how_it_goes_stands_between_what_came_before_it_and_after() -> None:
    watched = Watched("dim", columns=60)
    watched.run([Thinking("Let me see.")], paint_every=1)
    watched.live.say("r1-tiny has thought longer than 10 tokens; \x1b[2Jasking another instead.")
    watched.run([Thinking("Again."), Answer("Yes.")], paint_every=1)
    lines = watched.finished()
    assert lines == [
        "thought, about 4 tokens · /thinking shows it",
        "",
        "r1-tiny has thought longer than 10 tokens; asking another",
        "instead.",
        "",
        "thought, about 2 tokens · /thinking shows it",
        "",
        "Yes.",
    ]
    assert watched.terminal.above_changed == 0
