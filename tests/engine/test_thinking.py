"""The thinking is told from the answer wherever the tags stand and however the text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.engine.chat import Answer, Thinking, WasThinking
from r1plan.engine.thinking import ThinkSplitter


def split(pieces: list[str], *, opened: bool = False) -> tuple[str, str]:
    """The thinking and the answer in the end."""
    splitter = ThinkSplitter(opened=opened)
    events = [event for piece in pieces for event in splitter.feed(piece)]
    events.extend(splitter.rest())
    thinking = answer = ""
    for event in events:
        match event:
            case Thinking(text):
                thinking += text
            case Answer(text):
                answer += text
            case WasThinking():
                thinking, answer = thinking + answer, ""
    return thinking, answer


CASES = [
    pytest.param("<think>\nhm\n</think>\n\nYes.", False, ("hm", "Yes."), id="both tags"),
    pytest.param("hm\n</think>\n\nYes.", True, ("hm", "Yes."), id="the template opened it"),
    pytest.param("hm</think>Yes.", False, ("hm", "Yes."), id="only the closing tag comes"),
    pytest.param("Yes.", False, ("", "Yes."), id="no thinking at all"),
    pytest.param("<think>\n\n</think>\n\nYes.", False, ("", "Yes."), id="empty thinking"),
    pytest.param("<think>hm", False, ("hm", ""), id="it never ends"),
    pytest.param("a < b and <thing>", False, ("", "a < b and <thing>"), id="other tags are text"),
    pytest.param("<think>a</think>b</think>c", False, ("a", "b</think>c"), id="a second closing tag is text"),
    pytest.param("x</thin", True, ("x</thin", ""), id="an unfinished tag is text"),
    pytest.param("", False, ("", ""), id="nothing"),
    pytest.param("<think>a</think>b<think>c</think>d", False, ("ac", "bd"), id="a second thinking"),
    pytest.param("Sure.\n<think>\na\n</think>\nb", False, ("a", "Sure.\n\nb"), id="a preamble"),
    pytest.param("say `<think>` and `</think>`", False, ("", "say `<think>` and `</think>`"), id="tags in code"),
    pytest.param("```\n</think>\n```\n", False, ("", "```\n</think>\n```\n"), id="a tag in a block of code"),
    pytest.param("a ` b</think>c", True, ("a ` b", "c"), id="a lone backtick opens no code"),
    pytest.param("```\na\n</think>\n\nb", True, ("```\na\n", "b"), id="a block that the thinking left open"),
    pytest.param("```\n</think>\n```\na</think>b", True, ("```\n```\na", "b"), id="a block that it did not"),
    pytest.param("<think>a<think>b</think>c</think>d", False, ("a<think>bc", "d"), id="a thinking in a thinking"),
    pytest.param("the </think> tag", False, ("", "the </think> tag"), id="a word of a sentence"),
]


@pytest.mark.parametrize(("text", "opened", "expected"), CASES)
def test_thinking_and_answer_are_told_apart(text: str, opened: bool, expected: tuple[str, str]) -> None:
    assert split([text], opened=opened) == expected


@pytest.mark.parametrize(("text", "opened", "expected"), CASES)
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pieces_of_any_size_give_the_same(text: str, opened: bool, expected: tuple[str, str], size: int) -> None:
    assert split([text[i : i + size] for i in range(0, len(text), size)], opened=opened) == expected


WORDS = ["<think>", "</think>", "<", "think>", " ", "\n", "a", "答案", "</", "`", "``", "```", "\n~~~\n", "(", "."]


@given(
    st.lists(st.sampled_from(WORDS), max_size=8),
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
    st.booleans(),
)
def test_no_cut_changes_what_is_told_apart(words: list[str], sizes: list[int], opened: bool) -> None:
    text = "".join(words)
    pieces, start, turn = [], 0, 0
    while start < len(text):
        pieces.append(text[start : start + sizes[turn % len(sizes)]])
        start, turn = start + sizes[turn % len(sizes)], turn + 1
    # White space before a closing tag that nothing had opened has been shown by the time the tag comes.
    cut, whole = split(pieces, opened=opened), split([text], opened=opened)
    assert [part.strip() for part in cut] == [part.strip() for part in whole]
