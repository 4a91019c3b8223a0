"""Every ground of a forecast has its words."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from r1plan.render.decision.grounds import (
    cache_text,
    input_text,
    lengths_text,
    speed_text,
    tariff_text,
    watts_text,
)
from r1plan.route.forecast.forecast import forecast
from r1plan.route.forecast.ground import (
    AnyModels,
    Assumed,
    Averages,
    CacheGround,
    FirstTurns,
    LastTurn,
    LengthGround,
    NothingSent,
    OwnRequests,
)
from r1plan.route.forecast.lengths import Lengths
from tests.route.worlds import ask, candidate, log

LENGTHS: list[tuple[LengthGround, int, str]] = [
    (OwnRequests("long_text", is_as_long=True), 20, "20 own requests to it (long text, as long a prompt)"),
    (OwnRequests("long_text"), 20, "20 own requests to it (long text)"),
    (OwnRequests(None), 20, "20 own requests to it (any kind)"),
    (AnyModels("math"), 20, "20 own requests to any model (math), scaled"),
    (Averages("published", "a paper"), 0, "published: a paper"),
    (Averages("assumed", "a guess"), 1, "assumed: a guess, and 1 own request"),
    (Averages("assumed", "a guess"), 2, "assumed: a guess, and 2 own requests"),
]
CACHES: list[tuple[CacheGround, str]] = [
    (LastTurn(59, 2, 3), "last turn there 59 s ago; 2 of 3 turns as long after found their prefix"),
    (LastTurn(60, 2, 3), "last turn there 1 min ago; 2 of 3 turns as long after found their prefix"),
    (LastTurn(7200, 2, 3), "last turn there 2 h ago; 2 of 3 turns as long after found their prefix"),
    (LastTurn(86400, 2, 3), "last turn there 1 d ago; 2 of 3 turns as long after found their prefix"),
    (FirstTurns(2, 3), "2 of 3 first turns of the project found a part"),
    (NothingSent(), "nothing of it was sent there before"),
]


@pytest.mark.parametrize(("ground", "rows", "text"), LENGTHS, ids=[text for *_, text in LENGTHS])
def test_whose_answers_say_how_long_it_will_be(ground: LengthGround, rows: int, text: str) -> None:
    assert lengths_text(Lengths(atoms=(), beyond=0.0, rows=rows, ground=ground)) == text


@pytest.mark.parametrize(("ground", "text"), CACHES, ids=[text for _, text in CACHES])
def test_what_says_how_much_is_cached(ground: CacheGround, text: str) -> None:
    assert cache_text(ground) == text


def test_every_ground_there_is_stands_in_these_tables() -> None:
    assert {type(ground) for ground, *_ in LENGTHS} == set(get_args(LengthGround))
    assert {type(ground) for ground, _ in CACHES} == set(get_args(CacheGround))


def test_what_the_log_the_plan_and_the_user_say_is_told_from_what_is_assumed() -> None:
    assert [watts_text(each) for each in ("log", "plan")] == ["as logged", "as planned"]
    assert (watts_text(Assumed("a guess")), tariff_text(Assumed("a guess"))) == ("assumed: a guess",) * 2
    assert tariff_text("user") == "as set"


def test_the_speed_and_the_input_name_how_many_requests_say_so() -> None:
    each = forecast(ask(), candidate("acme"), log(), None)
    assert (speed_text(each.speed), input_text(each)) == ("assumed", "from the length")
    assert speed_text(replace(each.speed, ground="plan")) == "the plan"
    assert speed_text(replace(each.speed, ground="log", rows=7)) == "7 own requests"
    known = replace(each, input_ratio=1.234, input_ratio_rows=5)
    assert input_text(known) == "from the length, times 1.23 as in 5 own requests"
