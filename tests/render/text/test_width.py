"""How wide text is, and what is left of it where there is too little room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from r1plan.render.text.width import cells, padded, path_end, shortened


@given(st.text(st.characters(exclude_categories=["C"]), max_size=40))
def test_text_is_as_wide_as_rich_sets_it(text: str) -> None:
    assert cells(text) == cell_len(text)


def test_every_character_that_is_measured_without_rich_takes_one_column() -> None:
    plain = [chr(code) for code in range(0x20, 0x2600) if chr(code).isprintable()]
    assert [char for char in plain if cells(char) != cell_len(char)] == []


def test_a_tab_is_reckoned_at_its_widest() -> None:
    assert cells("\ta") == 9


@pytest.mark.parametrize(
    ("text", "side", "expected"),
    [
        pytest.param("r1", "<", "r1   |", id="left"),
        pytest.param("r1", ">", "   r1|", id="right"),
        pytest.param("深思", "<", "深思 |", id="wide characters take two columns"),
        pytest.param("too long", "<", "too long|", id="what is too long stays whole"),
    ],
)
def test_padding_fills_columns(text: str, side: str, expected: str) -> None:
    assert padded(text, 5, "<" if side == "<" else ">") + "|" == expected


@pytest.mark.parametrize(
    ("width", "head", "expected"),
    [
        pytest.param(19, 4, "deepseek-r1-distill", id="what fits stays"),
        pytest.param(18, 4, "deep…ek-r1-distill", id="one column too few"),
        pytest.param(10, 3, "dee…istill", id="a third stays before the gap"),
        pytest.param(10, 0, "…1-distill", id="nothing stays before the gap"),
    ],
)
def test_the_middle_of_a_name_goes(width: int, head: int, expected: str) -> None:
    assert shortened("deepseek-r1-distill", width, head) == expected


@given(st.text(st.sampled_from("ab-/深é"), max_size=30), st.integers(8, 30))
def test_a_shortened_name_never_takes_more_than_its_room(text: str, width: int) -> None:
    for short in (shortened(text, width, (width - 1) // 4), path_end(text, width)):
        assert cells(short) <= width
        assert short.endswith(text[-1:])


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        pytest.param(30, "accounts/fireworks/models/r1", id="what fits stays"),
        pytest.param(20, "…/models/r1", id="first parts go"),
        pytest.param(5, "…/r1", id="the last part stays longest"),
        pytest.param(2, "…1", id="then letters"),
    ],
)
def test_the_end_of_a_path_says_which_model_it_is(width: int, expected: str) -> None:
    assert path_end("accounts/fireworks/models/r1", width) == expected
