"""Text cut into lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.render.text.width import cells
from r1plan.render.text.wrap import labelled, rows_of, wrapped

LONG = "hf:unsloth/DeepSeek-R1-0528-GGUF"


def test_a_paragraph_is_broken_between_words_and_not_at_hyphens() -> None:
    assert wrapped("one-and-twenty words", 10) == ["one-and-twenty", "words"]


def test_what_is_to_be_copied_stays_whole_unless_words_may_be_cut() -> None:
    assert wrapped(f"see {LONG}", 20) == ["see", LONG]
    assert wrapped(f"see {LONG}", 20, cut_words=True) == ["see hf:unsloth/DeepS", "eek-R1-0528-GGUF"]


def test_later_lines_are_indented_as_they_are_told_to_be() -> None:
    assert wrapped("one two three", 9, first="- ", later="  ") == ["- one two", "  three"]


def test_white_space_gives_no_line() -> None:
    assert wrapped(" \n", 20) == []


@given(st.text(max_size=80), st.integers(4, 40))
def test_no_line_steers_the_terminal(text: str, width: int) -> None:
    lines = wrapped(text, width, cut_words=True)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) <= 0x9F for line in lines for char in line)
    assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        pytest.param("12 GiB free", 40, ["memory     12 GiB free"], id="one line"),
        pytest.param(
            "12 GiB free of 24 GiB", 31, ["memory     12 GiB free of 24", "           GiB"], id="two lines"
        ),
        pytest.param("", 40, ["memory     "], id="nothing beside it"),
        pytest.param(
            "12 GiB free of 24 GiB", 1, ["memory     12 GiB free of 24", "           GiB"],
            id="a terminal too narrow keeps 20 columns beside the label",
        ),
    ],
)  # fmt: skip
def test_text_goes_on_under_itself_beside_its_label(text: str, width: int, expected: list[str]) -> None:
    assert labelled("memory", text, width) == expected


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab 你\t", max_size=60), st.integers(2, 20))
def test_rows_are_short_and_joined_they_are_the_line_again(line: str, columns: int) -> None:
    cut = rows_of(line, columns)
    assert "".join(cut) == line
    assert all(len(row) == 1 or cells(row.rstrip()) <= columns for row in cut)
