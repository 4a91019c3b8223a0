"""Of all ways to do the work those are kept that nothing beats, and each other is beaten by one of them."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.plan.outlook.frontier import Way, WayQuality, frontier


def way(id_: str, score: float, seconds: float, usd: float) -> Way:
    quality = WayQuality(score, score, 1.0, "measured", "a card")
    return Way(id_, "api", "a model", "a seller", (), quality, seconds, Decimal(str(usd)), 0, "exact")


FEW = st.integers(1, 4)
WAYS = st.lists(st.tuples(FEW, FEW, FEW), max_size=12).map(
    lambda rows: [way(str(number), *row) for number, row in enumerate(rows)]
)


@given(WAYS)
def test_nothing_on_it_is_beaten_and_each_off_it_is_by_one_that_is_on_it(ways: list[Way]) -> None:
    found = frontier(ways)
    assert not any(one.beats(other) for one, other in permutations(found.ways, 2))
    for way_, by in found.beaten:
        assert by in found.ways
        assert by.quality.value >= way_.quality.value
        assert by.seconds <= way_.seconds
        assert by.usd_per_month <= way_.usd_per_month
        assert way_ not in found.ways
    assert sorted(each.id for each in (*found.ways, *(each.way for each in found.beaten))) == sorted(
        each.id for each in ways
    )


@given(WAYS, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_found_changes_nothing_but_which_of_equals_stays(
    ways: list[Way], random: Random
) -> None:
    def figures(each: Way) -> tuple[object, ...]:
        return each.quality, each.seconds, each.usd_per_month

    mixed = list(ways)
    random.shuffle(mixed)
    assert [figures(each) for each in frontier(mixed).ways] == [figures(each) for each in frontier(ways).ways]


@given(WAYS)
def test_taking_away_what_is_beaten_changes_nothing(ways: list[Way]) -> None:
    found = frontier(ways)
    assert frontier(found.ways).ways == found.ways
    assert frontier(found.ways).beaten == ()


@pytest.mark.parametrize(
    ("one", "other", "beats"),
    [
        pytest.param(way("a", 70, 10, 5), way("b", 60, 20, 9), True, id="better in all"),
        pytest.param(way("a", 70, 10, 5), way("b", 70, 10, 9), True, id="cheaper alone"),
        pytest.param(way("a", 70, 10, 5), way("b", 70, 10, 5), False, id="equal"),
        pytest.param(way("a", 70, 10, 5), way("b", 60, 9, 9), False, id="slower"),
    ],
)
def test_one_beats_another_that_is_in_nothing_better(one: Way, other: Way, beats: bool) -> None:
    assert one.beats(other) is beats
    assert not other.beats(one)


@given(WAYS, st.integers(1, 6))
def test_what_is_shown_of_it_has_its_best_and_is_no_longer_than_wanted(ways: list[Way], most: int) -> None:
    found = frontier(ways)
    shown = found.shown(most)
    assert len(shown) == min(most, len(found.ways))
    assert list(shown) == [each for each in found.ways if each in shown]
    assert shown[:1] == found.ways[:1]
    if most >= 3:
        cheapest = min((each.usd_per_month for each in found.ways), default=None)
        assert cheapest is None or cheapest in {each.usd_per_month for each in shown}
