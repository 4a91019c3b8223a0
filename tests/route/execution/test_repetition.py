"""A text that says the same again and again is noticed, in whatever pieces it comes, and an honest one is not."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.route.execution.repetition import Repeated, Repetition
from tests.route.execution.passages import HONEST, LOOPS, prose


def found(text: str, piece: int = 200, asked: str = "") -> tuple[int, Repeated] | None:
    """After how many characters a loop is noticed first, and what is noticed."""
    watch = Repetition(asked)
    for start in range(0, len(text), piece):
        if (loop := watch.feed(text[start : start + piece])) is not None:
            return start + piece, loop
    return None


def becomes_certain(text: str, asked: str = "") -> bool:
    watch = Repetition(asked)
    loops = [watch.feed(text[start : start + 500]) for start in range(0, len(text), 500)]
    return any(each is not None and each.certain for each in loops)


seeds = st.integers(0, 10**6)
some = settings(max_examples=6, deadline=None)


@pytest.mark.parametrize("kind", LOOPS)
@some
@given(seed=seeds)
def test_a_loop_is_noticed(kind: str, seed: int) -> None:
    assert found(LOOPS[kind](Random(seed))) is not None


@pytest.mark.parametrize("kind", HONEST)
@some
@given(seed=seeds)
def test_an_honest_text_is_let_be(kind: str, seed: int) -> None:
    assert found(HONEST[kind](Random(seed))) is None


@pytest.mark.parametrize("kind", ["with-a-counter", "in-any-order"])
@some
@given(seed=seeds)
def test_what_is_not_word_for_word_is_never_certain(kind: str, seed: int) -> None:
    assert not becomes_certain(LOOPS[kind](Random(seed)))


@pytest.mark.parametrize("kind", ["a-sentence", "a-paragraph", "a-page", "table-rows"])
@some
@given(seed=seeds)
def test_a_long_loop_word_for_word_is_certain(kind: str, seed: int) -> None:
    assert becomes_certain(LOOPS[kind](Random(seed)))


@some
@given(seed=seeds, kind=st.sampled_from([*LOOPS, *HONEST]), piece=st.sampled_from([1, 3, 17, 1023, 1024, 1025, 10**6]))
def test_the_pieces_do_not_matter(seed: int, kind: str, piece: int) -> None:
    text = {**LOOPS, **HONEST}[kind](Random(seed))
    whole, cut = Repetition(), Repetition()
    last = whole.feed(text)
    seen = [cut.feed(text[start : start + piece]) for start in range(0, len(text), piece)]
    if len(text) % 1024 == 0 or piece == 10**6:
        assert seen[-1] == last
    assert (whole._units, whole._exact.run, whole._held) == (cut._units, cut._exact.run, cut._held)


@given(text=st.text(max_size=300), edges=st.lists(st.integers(0, 300)))
@settings(deadline=None)
def test_any_text_is_taken_and_a_short_one_is_no_loop(text: str, edges: list[int]) -> None:
    watch = Repetition(text)
    cuts = sorted({0, len(text), *(each for each in edges if each < len(text))})
    assert all(watch.feed(text[a:b]) is None for a, b in pairwise(cuts))


def test_about_as_many_tokens_are_told_as_were_repeated() -> None:
    passage = f"{prose(Random(1), 50)}. "
    at, loop = found(prose(Random(2), 500) + passage * 40) or (0, Repeated(0, certain=False))
    repeated = at - len(prose(Random(2), 500)) - len(passage)
    assert loop.tokens == pytest.approx(0.3 * repeated, rel=0.25)


def test_a_loop_that_ends_is_one_no_more() -> None:
    watch = Repetition()
    assert watch.feed("I think it is so. " * 400) is not None
    assert watch.feed(prose(Random(3), 2000)) is None


@pytest.mark.parametrize(
    "asked",
    ["Write 'I must not tell lies.' five hundred times.", "repeat:\nI must not tell lies.", "i i I must not tell lies"],
)
def test_what_was_asked_to_be_repeated_may_be(asked: str) -> None:
    lines = "I must not tell lies.\n" * 500
    assert found(lines, asked=asked) is None
    assert found(lines, asked="Write five hundred lines.") is not None
    assert found(lines * 20, asked=asked) is not None


def test_one_word_that_the_question_has_too_is_no_order_to_say_it_for_ever() -> None:
    assert found("no " * 40000, asked="Is there no end?") is not None


def test_the_memory_is_bounded() -> None:
    watch, rng = Repetition(), Random(4)

    for _ in range(12):
        watch.feed(" ".join(str(rng.random()) for _ in range(2000)))
    tracemalloc.start()
    for _ in range(4):
        watch.feed(" ".join(str(rng.random()) for _ in range(2000)))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # What is new has taken the place of what was there before tracing began: all of it is 16,384 places at most.
    assert grown < 4 << 20
