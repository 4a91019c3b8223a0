"""Markdown cut into blocks while it comes: however it is cut, the same blocks, and never one that changes later."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.render.markdown.blocks import Block, BlockStream, CodeEnd, CodeLine, CodeStart, Prose

ANSWER = Path(__file__).with_name("answer.md").read_text(encoding="utf-8")


def cut(pieces: list[str]) -> list[Block]:
    stream = BlockStream()
    blocks = [block for piece in pieces for block in stream.feed(piece)]
    return [*blocks, *stream.rest()]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50])
def test_an_answer_is_cut_alike_however_it_comes(step: int) -> None:
    assert cut([ANSWER[at : at + step] for at in range(0, len(ANSWER), step)]) == cut([ANSWER])


MARKS = [
    "a", "b c", " ", "  ", "\n", "\n\n", "- ", "1. ", "2. ", "```", "~~~~", "py", "# ", "> ", "|", "|-|", "---", "*",
    "\\[", "\\]", "$$", "$", "\\(", "\\)", "<think>", "`", "    ", "[x](y)", "===",
]  # fmt: skip
markdown = st.lists(st.sampled_from(MARKS), max_size=25)


@settings(max_examples=100, deadline=None)
@given(markdown)
def test_any_text_is_cut_alike_in_pieces_and_whole(pieces: list[str]) -> None:
    whole = cut(["".join(pieces)])
    assert cut(pieces) == whole
    assert cut(list("".join(pieces))) == whole


@settings(max_examples=100, deadline=None)
@given(markdown)
def test_no_word_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces)
    sources = {Prose: "source", CodeStart: "fence", CodeLine: "text", CodeEnd: "fence"}
    kept = "".join(getattr(block, sources[type(block)]) for block in cut([text]))
    for letter in "abcpyx":
        assert kept.count(letter) == text.count(letter)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\n", [], id="a-paragraph-may-go-on"),
        pytest.param("a\n\n", [Prose("a\n", False)], id="an-empty-line-ends-it"),
        pytest.param("# a\n", [Prose("# a\n", False)], id="a-heading-is-one-line"),
        pytest.param("- a\n- b\n", [Prose("- a\n", False)], id="all-items-but-the-last"),
        pytest.param("- a\n\n", [], id="an-item-may-go-on-behind-an-empty-line"),
        pytest.param("- \n- |\n|-|\n", [Prose("-\n", False)], id="an-item-is-no-table"),
        pytest.param("# a |\n|-|\n", [Prose("# a |\n", False)], id="a-heading-is-no-table"),
        pytest.param("- a\n- b\n\nc\n", [Prose("- a\n", False), Prose("- b\n", False)], id="items-stand-close"),
        pytest.param("a\n\nb\n\n", [Prose("a\n", False), Prose("b\n", True)], id="paragraphs-do-not"),
        pytest.param("a\n\\[\n", [], id="a-formula-that-may-become-text-of-a-paragraph"),
        pytest.param("# a\n\\[\n", [Prose("# a\n", False)], id="it-becomes-none-of-a-heading"),
        pytest.param("a\n\\[\nx\n\\]\n", [Prose("a\n", False), Prose("\\[\nx\n\\]\n", True)], id="it-has-ended"),
        pytest.param("```py\nx\ny", [CodeStart("```py", "py", False), CodeLine("x")], id="code-line-by-line"),
        pytest.param("| a |\n|---|\n| b |\n", [], id="a-table-may-grow"),
        pytest.param("> a\n\n", [Prose("> a\n", False)], id="a-quote-does-not-go-on-behind-an-empty-line"),
        pytest.param("\\[\nx\n\\]\n", [Prose("\\[\nx\n\\]\n", False)], id="a-formula-ends-with-its-bracket"),
    ],
)
def test_what_is_settled(text: str, expected: list[Block]) -> None:
    assert BlockStream().feed(text) == expected


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        pytest.param("a", Prose("a", False), id="words"),
        pytest.param("a\n\nb", Prose("\nb", True), id="the-open-block-alone"),
        pytest.param("a\n-", Prose("a\n", False), id="a-mark-that-may-become-anything-waits"),
        pytest.param("a\n==", Prose("a\n", False), id="so-does-an-underline"),
        pytest.param("- a\n- b\n- c", Prose("- b\n- c", False), id="the-open-item"),
        pytest.param("```\nx", CodeLine("x"), id="the-open-line"),
        pytest.param("```\nx\n", None, id="no-open-line"),
        pytest.param("  \n", None, id="nothing"),
    ],
)
def test_what_is_open(text: str, tail: Block | None) -> None:
    stream = BlockStream()
    stream.feed(text)
    assert stream.tail() == tail


def test_a_code_block_ends_only_with_its_own_fence() -> None:
    blocks = cut(["~~~~ python title\n```\n  ~~~\n ~~~~~\nafter"])
    assert blocks == [
        CodeStart("~~~~ python title", "python", False),
        CodeLine("```"),
        CodeLine("  ~~~"),
        CodeEnd("~~~~~"),
        Prose("after\n", True),
    ]


def test_code_that_is_broken_off_is_closed() -> None:
    assert cut(["````\nx"])[-2:] == [CodeLine("x"), CodeEnd("````")]
