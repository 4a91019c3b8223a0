"""A character that comes in halves is whole, wherever the text was cut; what cannot be is one mark."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from r1plan.engine.dialects.surrogates import Halves, whole

UNITS = st.lists(st.sampled_from(["a", "é", "，", "\ud83d", "\ude00", "🎉"]), max_size=12)


def units(text: str) -> list[str]:
    """`text` as a server that counts in UTF-16 cuts it: each half of a pair for itself."""
    code = text.encode("utf-16-le", "surrogatepass")
    return [code[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(code), 2)]


@given(text=st.text())
def test_text_cut_into_its_utf_16_units_is_that_text_again(text: str) -> None:
    halves = Halves()
    assert "".join(halves.piece(unit) for unit in units(text)) + halves.rest() == text


@given(parts=UNITS, edges=st.sets(st.integers(1, 11)))
def test_wherever_it_is_cut_the_text_is_the_same_and_can_be_written(parts: list[str], edges: set[int]) -> None:
    cuts = [0, *sorted(edges), len(parts)]
    pieces = ["".join(parts[start:end]) for start, end in pairwise(cuts)]
    text, halves = "".join(pieces), Halves()
    made = "".join(map(halves.piece, pieces)) + halves.rest()
    assert made == whole(text)
    assert len(made.encode("utf-16-le")) == len(text.encode("utf-16-le", "surrogatepass"))


def test_a_half_is_held_back_once() -> None:
    halves = Halves()
    assert (halves.piece("hi \ud83d"), halves.rest(), halves.rest()) == ("hi ", "\ufffd", "")
