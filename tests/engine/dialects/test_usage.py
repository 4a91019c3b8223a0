"""What servers say they counted, read as data says, in one normal form."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from r1plan.catalog.provider import UsagePaths
from r1plan.engine.chat import ChatRequest, Message
from r1plan.engine.dialects.usage import ReportedUsage
from tests.catalog.ours import DIALECTS

OPENAI = DIALECTS["openai"].usage
ADDITIVE = UsagePaths(
    input=(("usage.input_tokens", "usage.cache_read_input_tokens", "usage.cache_creation_input_tokens"),),
    output=(("usage.output_tokens",),),
    cache_hit=(("usage.cache_read_input_tokens",),),
)


ASKED = ChatRequest(messages=(Message("user", "ten digits"),))


def counted(paths: UsagePaths, *chunks: dict[str, Any]) -> tuple[int, int | None, int]:
    """Input, cached and output tokens after `chunks`, of a question and an answer of ten letters each."""
    reported = ReportedUsage(paths, ASKED)
    for chunk in chunks:
        reported.take(chunk)
    usage = reported.usage(prompt="ten digits", thinking="", answer="ten digits")
    return usage.input_tokens, usage.cache_hit_tokens, usage.output_tokens


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(
            {"input_tokens": 40, "cache_read_input_tokens": 640, "cache_creation_input_tokens": 20, "output_tokens": 9},
            (700, 640, 9),
            id="all of them",
        ),
        pytest.param(
            {"input_tokens": 40, "cache_read_input_tokens": 640, "output_tokens": 9}, (680, 640, 9), id="one missing"
        ),
        pytest.param(
            {"input_tokens": 40, "cache_creation_input_tokens": None, "output_tokens": 9}, (40, None, 9), id="one null"
        ),
        pytest.param({"cache_read_input_tokens": 640, "output_tokens": 9}, (3, None, 9), id="the first missing"),
        pytest.param({"input_tokens": 0, "output_tokens": 0}, (3, None, 3), id="nothing read and written"),
    ],
)  # fmt: skip
def test_counts_that_add_up_are_added_up(usage: dict[str, Any], expected: tuple[int, int | None, int]) -> None:
    assert counted(ADDITIVE, {"usage": usage}) == expected


def test_counts_may_come_in_several_chunks_and_the_last_wins() -> None:
    start = {"usage": {"input_tokens": 40, "cache_read_input_tokens": 0, "output_tokens": 1}}
    assert counted(ADDITIVE, start, {"usage": None}, {"usage": {"output_tokens": 57}}) == (40, 0, 57)


def test_counts_may_stand_anywhere_in_a_chunk() -> None:
    paths = UsagePaths(input=(("x_acme.usage.read",),), output=(("written",),))
    assert counted(paths, {"x_acme": {"usage": {"read": 12}}}, {"written": 5}) == (12, None, 5)


def test_counts_may_stand_in_a_list_and_the_usage_in_several_places() -> None:
    paths = UsagePaths(
        input=(("usage.read",),),
        output=(("usage.written",), ("parts[1].n",)),
        usage_at=(("x.usage",), ("choices[0].u",)),
    )
    assert counted(paths, {"x": {"usage": {"read": 12, "written": 5}}}) == (12, None, 5)
    assert counted(paths, {"choices": [{"u": {"read": 12}}], "parts": [{"n": 1}, {"n": 6}]}) == (12, None, 6)
    assert counted(paths, {"choices": [], "parts": [{"n": 9}]}, {"choices": "none", "x": [1], "parts": {"1": 2}}) == (
        3,
        None,
        3,
    )
    assert counted(paths, {"usage": {"read": 12, "written": 5}}) == (12, None, 5)


@pytest.mark.parametrize(
    ("chunk", "hit"),
    [
        pytest.param({"usage": {"prompt_tokens": 100, "prompt_cache_hit_tokens": 64}}, 64, id="first way"),
        pytest.param(
            {
                "usage": {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 32}},
                "timings": {"cache_n": 8},
            },
            32,
            id="the counts before the timings",
        ),
        pytest.param({"usage": {"prompt_tokens": 100}, "timings": {"cache_n": 8}}, 8, id="last way"),
        pytest.param({"usage": {"prompt_tokens": 100}}, None, id="no way"),
    ],
)
def test_of_several_ways_to_read_a_count_the_first_that_is_there_wins(chunk: dict[str, Any], hit: int | None) -> None:
    assert counted(OPENAI, chunk)[1] == hit


JUNK: list[Any] = [
    -1, True, 1.5, 10**19, 10**4000, math.nan, math.inf, [], [[[]]], {}, {"input_tokens": 5},
    "12 tokens", "", "1.5", "-1", "1e3", "9" * 5000, "\u0661\u0662",
    Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e999999"), Decimal("1e-999999"),
]  # fmt: skip


@pytest.mark.parametrize("value", JUNK, ids=map(str, range(len(JUNK))))
def test_what_is_no_count_is_not_read_as_one(value: object) -> None:
    assert counted(ADDITIVE, {"usage": {"input_tokens": value, "output_tokens": 9}})[0] == 3


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        pytest.param({"cost": Decimal("0.25")}, Decimal("0.25"), id="alone"),
        pytest.param({"cost": Decimal("0.25"), "tools": 1}, Decimal("1.25"), id="a sum"),
        pytest.param({"tools": 1}, None, id="the first missing"),
        pytest.param({"cost": Decimal("999999.5"), "tools": 1}, None, id="more than a request costs"),
    ],
)
def test_what_was_billed_may_be_a_sum_too(amount: dict[str, Any], expected: Decimal | None) -> None:
    reported = ReportedUsage(UsagePaths(reported_usd=(("usage.cost", "usage.tools"),)), ASKED)
    reported.take({"usage": amount})
    assert reported.usd == expected
