"""The picture of quality against speed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import log10

import pytest

from r1plan.plan.plan import Rejection
from r1plan.plan.reasons import Difference, NeedsMemory, RanksBelow, Shortfall, TooSlow
from r1plan.render.page.picture import NARROW, WIDE, Size, laid_out, quality_and_speed
from tests.render.page.pages import POINTS, shown

PLAN = shown("one card").plan
CHOICE = PLAN.options[0]
SHORT = Shortfall(kind="host", device="host", cards=0, needed_bytes=2, room_bytes=1, context_bytes=0)
LACKING = NeedsMemory((SHORT,), shortfall_bytes=1, needed_bytes=2)
SLOW = TooSlow(tok_s=1.5, least_tok_s=5.0)
BELOW = RanksBelow(CHOICE.id, Difference(quality_points=-4.0, speed_ratio=2.0))


def test_offered_options_come_first_with_their_places_in_the_table() -> None:
    known = quality_and_speed(PLAN, POINTS)
    offered = known[: len(PLAN.options)]
    assert [each.id for each in offered] == [option.id for option in PLAN.options]
    assert [each.number for each in offered] == list(range(1, len(offered) + 1))
    assert [each.kind for each in offered] == ["chosen", *["offered"] * len(PLAN.alternatives)]
    assert {each.number for each in known[len(offered) :]} == {None}


@pytest.mark.parametrize(
    ("cause", "point"),
    [
        (BELOW, ("behind", CHOICE.quality.index - 4.0, CHOICE.tok_s * 2)),
        (SLOW, ("slow", 50.0, 1.5)),
        (LACKING._replace(from_disk=SLOW), ("slow", 50.0, 1.5)),
        (LACKING, None),
        (SLOW._replace(tok_s=0.0), None),
        (BELOW._replace(choice_id="of another plan"), None),
    ],
    ids=["ranks lower", "too slow", "too slow from disk", "needs memory", "does not move", "below another"],
)
def test_a_rejected_option_is_drawn_where_its_cause_tells_its_speed(
    cause: TooSlow | NeedsMemory | RanksBelow, point: tuple[str, float, float] | None
) -> None:
    plan = replace(PLAN, rejected=(Rejection("m:Q", cause),))
    found = quality_and_speed(plan, {"m:Q": 50.0})[len(PLAN.options) :]
    assert [(each.kind, each.points, each.tok_s) for each in found] == ([point] if point else [])


def test_a_slow_option_whose_quality_nobody_knows_is_not_drawn() -> None:
    plan = replace(PLAN, rejected=(Rejection("m:Q", SLOW),))
    assert len(quality_and_speed(plan, {})) == len(PLAN.options)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_faster_is_further_right_and_better_is_higher(size: Size) -> None:
    picture = laid_out(quality_and_speed(PLAN, POINTS), PLAN, size)
    assert picture is not None
    drawn = {point.number: point for point in picture.points if point.number}
    by_speed = sorted(range(1, len(PLAN.options) + 1), key=lambda number: PLAN.options[number - 1].tok_s)
    assert sorted(drawn, key=lambda number: drawn[number].x) == by_speed
    by_quality = sorted(drawn, key=lambda number: -PLAN.options[number - 1].quality.index)
    assert sorted(drawn, key=lambda number: drawn[number].y) == by_quality
    assert all(
        picture.plot.left < point.x < picture.plot.right and picture.plot.top < point.y < picture.plot.bottom
        for point in picture.points
    )


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_ticks_stand_where_their_figures_are(size: Size) -> None:
    picture = laid_out(quality_and_speed(PLAN, POINTS), PLAN, size)
    assert picture is not None
    logs = [(tick.at, log10(float(tick.text.replace(",", "")))) for tick in picture.speeds]
    steps = {round((x2 - x1) / (l2 - l1)) for (x1, l1), (x2, l2) in pairwise(logs)}
    assert len(logs) >= 2
    assert max(steps) - min(steps) <= 2  # ticks are drawn at tenths of a pixel
    heights = [tick.at for tick in picture.qualities]
    assert heights == sorted(heights, reverse=True)
    assert len(heights) >= 2


def test_the_chosen_option_is_drawn_over_all_others() -> None:
    picture = laid_out(quality_and_speed(PLAN, POINTS), PLAN, WIDE)
    assert picture is not None
    assert picture.points[-1].kind == "chosen"


def test_what_is_far_worse_than_all_that_is_offered_stretches_no_axis_and_is_counted() -> None:
    hopeless = Rejection("m:Q", RanksBelow(CHOICE.id, Difference(quality_points=-200.0, speed_ratio=1.0)))
    plain = replace(PLAN, rejected=())
    with_it = replace(PLAN, rejected=(hopeless,))
    one, other = (laid_out(quality_and_speed(plan, {}), plan, WIDE) for plan in (plain, with_it))
    assert one is not None
    assert other is not None
    assert (one.qualities, one.beyond, other.qualities, other.beyond) == (one.qualities, 0, one.qualities, 1)


def test_one_option_alone_is_no_picture() -> None:
    alone = replace(PLAN, alternatives=(), rejected=())
    assert laid_out(quality_and_speed(alone, {}), alone, WIDE) is None


def test_two_options_of_one_name_keep_their_own_numbers() -> None:
    plan = shown("vllm").plan
    picture = laid_out(quality_and_speed(plan, {}), plan, WIDE)
    assert picture is not None
    assert len({option.id for option in plan.options}) < len(plan.options)
    numbers = [point.number for point in picture.points if point.number]
    assert sorted(numbers) == list(range(1, len(plan.options) + 1))
