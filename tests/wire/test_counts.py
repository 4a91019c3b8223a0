"""A count is held against the text, the request and the other counts; a bill is kept beside what we compute."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.engine.chat import ChatRequest, Message
from r1plan.ledger.entry import UsageEntry
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from tests.prices.test_book import real_book
from tests.wire.asking import QUESTION, engine_for, run
from tests.wire.chunks import DONE, chunk
from tests.wire.server import Reply, serving

PIECES = (1, 2, 3, 7, 64)
ANSWER = "The answer is forty two."
THINKING = "word " * 160
# The reported numbers of one answer, and what they cost off-peak:
# 360 x 0.15 + 640 x 0.003 + 300 x 0.60, a million tokens each.
U: dict[str, Any] = {
    "prompt_tokens": 1000,
    "completion_tokens": 300,
    "prompt_cache_hit_tokens": 640,
    "prompt_cache_miss_tokens": 360,
    "completion_tokens_details": {"reasoning_tokens": 250},
}
ZEROS: dict[str, Any] = {
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "total_tokens": 0,
    "prompt_cache_hit_tokens": 0,
    "prompt_cache_miss_tokens": 0,
    "completion_tokens_details": {"reasoning_tokens": 0},
}
TRUE_USD = Decimal("0.00023592")


def told(
    read: Any = None, written: Any = None, total: Any = None, reasoning: Any = None, **more: Any
) -> dict[str, Any]:
    """A usage object with what is not None."""
    details = None if reasoning is None else {"reasoning_tokens": reasoning}
    names = {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": total,
        "completion_tokens_details": details,
    }
    return {name: each for name, each in names.items() if each is not None} | more


def late(usage: Any) -> bytes:
    return chunk(choices=[], usage=usage)


def asked(
    *counts: bytes,
    thinking: str = "",
    answer: str = ANSWER,
    request: ChatRequest = QUESTION,
    provider: str = "deepseek",
    model: str | None = None,
    finish: str = "stop",
    piece_bytes: int = 3,
    logs: Path | None = None,
) -> UsageEntry:
    """The row of one request through the real loop, answered in pieces and counted by `counts`."""
    body = chunk({"reasoning_content": thinking}) if thinking else b""
    body += chunk({"content": answer}) + chunk(finish=finish) + b"".join(counts) + DONE
    with serving(Reply(body, piece_bytes=piece_bytes if len(body) < 20_000 else 997)) as wire:
        engine = engine_for(provider, wire.url, model)
        row = run(engine, request, logs=logs).entry
        engine.close()
    return row


def tokens(row: UsageEntry) -> tuple[int | None, int | None]:
    return row.input_tokens, row.output_tokens


def who(row: UsageEntry) -> tuple[str, str]:
    return row.provenance["input_tokens"], row.provenance["output_tokens"]


REPORTED = ("reported", "reported")


@dataclass(frozen=True)
class Exact:
    """Counts that are to be read as U, to the last digit."""

    id: str
    counts: tuple[bytes, ...]
    flags: tuple[str, ...] = ()


EXACT = [
    Exact("as the vendor sends it", (late(U),)),
    Exact("zeros after it", (late(U), late(ZEROS))),
    Exact("zeros before it", (late(ZEROS), late(U))),
    Exact("zeros around it", (late(ZEROS), late(U), late(ZEROS), late(told(0, 0)))),
    Exact("no details after it", (late(U), late(told(1000, 300, completion_tokens_details={})))),
    Exact("null details after it", (late(U), late(told(1000, 300) | {"completion_tokens_details": None}))),
    Exact("nothing after it", (late(U), late({}), late([]), late("usage"))),
    Exact("junk after it", (late(U), late(told("many", -1, [7], {"a": 1}, prompt_cache_hit_tokens="all")))),
    Exact("an absurd count after it", (late(U), late(told(10**19, 10**19)))),
    Exact("the output alone after it", (late(U), late(told(None, 300)))),
    Exact("twice", (late(U), late(U))),
    Exact("in two halves", (late({**U, "completion_tokens": None}), late(told(None, 300)))),
    Exact("in the choice", (chunk(choices=[{"index": 0, "delta": {}, "usage": U}]),)),
    Exact("in the choice and at the top", (chunk(choices=[{"index": 0, "delta": {}, "usage": U}], usage=U),)),
    Exact("in the choice, zeros at the top", (chunk(choices=[{"index": 0, "delta": {}, "usage": U}], usage=ZEROS),)),
    Exact("in x_groq", (chunk(choices=[], x_groq={"id": "req_1", "usage": U}),)),
    Exact("as strings", (late({**U, "prompt_tokens": "1000", "completion_tokens": "300.0"}),)),
    Exact("as floats", (late({**U, "prompt_tokens": 1000.0, "completion_tokens": 3e2}),)),
    Exact("the prompt in its parts alone", (late({**U, "prompt_tokens": None}),)),
    Exact("0 for the prompt beside its parts", (late({**U, "prompt_tokens": 0}),)),
    Exact("growing", tuple(late({**U, "completion_tokens": n}) for n in (1, 7, 299, 300))),
    Exact("with a total", (late({**U, "total_tokens": 1300}),)),
    Exact("with a total of 0", (late({**U, "total_tokens": 0}),)),
    Exact("an absurd prompt beside its parts", (late({**U, "prompt_tokens": 10**19}),), ("input_is_no_count",)),
    Exact("a word beside its parts", (late({**U, "prompt_tokens": "many"}),), ("input_is_no_count",)),
    Exact(
        "the output in the total alone",
        (late({**U, "completion_tokens": 0, "total_tokens": 1300}),),
        ("output_is_no_count",),
    ),
]


@pytest.mark.parametrize(("number", "case"), list(enumerate(EXACT)), ids=[each.id for each in EXACT])
def test_the_last_count_that_can_be_true_is_taken_wherever_it_stands(number: int, case: Exact) -> None:
    row = asked(*case.counts, piece_bytes=PIECES[number % len(PIECES)])
    assert (*tokens(row), row.cache_hit_tokens, row.thinking_tokens) == (1000, 300, 640, 250)
    assert who(row) == REPORTED
    assert row.cost_usd == row.cost_low_usd == row.cost_high_usd == TRUE_USD
    assert row.flags == case.flags


def test_a_number_of_any_length_spoils_only_itself() -> None:
    digits = b"9" * 20_000
    row = asked(b'data: {"choices":[],"usage":{"prompt_tokens":' + digits + b',"completion_tokens":300}}\n\n')
    assert (row.status, row.output_tokens, row.flags) == ("ok", 300, ("input_is_no_count",))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([told(10, 3), told(0, 1), told(0, 2)], (10, 6), id="parts"),
        pytest.param([told(10, 3), told(0, 1), told(0, 2), told(0, 0)], (10, 6), id="parts and zeros"),
        pytest.param([told(10, 3, 13), told(0, 1, 1), told(0, 2, 2)], (10, 6), id="parts with totals"),
        pytest.param([told(10, 3), told(0, 1), told(0, 2), told(10, 6)], (10, 6), id="parts and their sum"),
        pytest.param([told(10, 3), told(None, 1), told(None, 2), told(None, 1)], (10, 7), id="parts without an input"),
        pytest.param([told(10, 1)] + [told(0, 1)] * 8, (10, 9), id="ones"),
        pytest.param([told(10, 1)] * 9, (10, 9), id="ones beside the whole input"),
        pytest.param([told(10, 3), told(10, 1), told(10, 2)], (10, 6), id="parts beside the whole input"),
        pytest.param([told(10, n) for n in range(1, 9)], (10, 8), id="growing"),
        pytest.param([told(10, 1)] + [told(0, n) for n in range(2, 9)], (10, 8), id="growing, the input told once"),
        pytest.param([told(10, 8), told(10, 8)], (10, 8), id="twice"),
        pytest.param([told(10, 9), told(10, 7)], (10, 7), id="put right"),
    ],
)
def test_parts_are_added_up_and_growing_counts_are_not(counts: list[Any], expected: tuple[int, int]) -> None:
    row = asked(*map(late, counts))
    assert tokens(row) == expected
    assert who(row) == REPORTED


# 5 words came of a prompt of 16 bytes, with at most 500 tokens allowed.
@pytest.mark.parametrize(
    ("counts", "flags"),
    [
        pytest.param(told(0, 300), {"input_is_no_count"}, id="0 for a prompt that was sent"),
        pytest.param(told(0, 300, 300), {"input_is_no_count"}, id="0 for a prompt, and so in the total"),
        pytest.param(told(2, 300), {"input_is_no_count"}, id="fewer than the prompt's words"),
        pytest.param(told(10**19, 300), {"input_is_no_count"}, id="10^19"),
        pytest.param(told(10**9, 300), {"input_is_no_count"}, id="10^9"),
        pytest.param(told(90_000, 300), {"input_is_no_count"}, id="far more than was sent"),
        pytest.param(told(-1000, 300), {"input_is_no_count"}, id="negative"),
        pytest.param(told(True, 300), {"input_is_no_count"}, id="true"),
        pytest.param(told(1000.5, 300), {"input_is_no_count"}, id="a half"),
        pytest.param(told("a thousand", 300), {"input_is_no_count"}, id="words"),
        pytest.param(told({"tokens": 1000}, 300), {"input_is_no_count"}, id="an object"),
        pytest.param(told(None, 300), set(), id="nothing"),
    ],
)
def test_an_input_that_cannot_be_true_is_estimated_within_what_was_sent(counts: Any, flags: set[str]) -> None:
    row = asked(late(counts))
    assert (set(row.flags), who(row)) == (flags, ("estimated", "reported"))
    assert row.input_tokens == 5  # 16 letters x 0.3
    assert row.cost_usd == (5 * Decimal("0.15") + 300 * Decimal("0.60")) / 10**6
    assert row.cost_low_usd == 300 * Decimal("0.60") / 10**6
    # 16 bytes, 16 for the message's marks and 64 for a system message of the server's; or what it said, if that may be.
    most = 90_000 if 90_000 in counts.values() else 96
    assert row.cost_high_usd == (most * Decimal("0.15") + 300 * Decimal("0.60")) / 10**6


@pytest.mark.parametrize(
    ("counts", "most"),
    [
        pytest.param(told(1000, 0), 500, id="0 for an answer that came"),
        pytest.param(told(1000, 0, 1000), 500, id="0, and so in the total"),
        pytest.param(told(1000, 4), 500, id="fewer than its words"),
        pytest.param(told(1000, 10**19), 500, id="10^19"),
        pytest.param(told(1000, 10**8), 500, id="10^8"),
        pytest.param(told(1000, 2000), 2000, id="more than was allowed and than came"),
        pytest.param(told(1000, "three hundred"), 500, id="words"),
        pytest.param(told(1000, -300), 500, id="negative"),
        pytest.param(told(1000, [300]), 500, id="a list"),
    ],
)
def test_an_output_that_cannot_be_true_is_estimated_between_its_words_and_its_limit(counts: Any, most: int) -> None:
    row = asked(late(counts))
    assert (row.flags, who(row)) == (("output_is_no_count",), ("reported", "estimated"))
    assert row.output_tokens == 8  # 24 letters x 0.3
    assert row.cost_usd == (1000 * Decimal("0.15") + 8 * Decimal("0.60")) / 10**6
    assert row.cost_low_usd == (1000 * Decimal("0.003") + 5 * Decimal("0.60")) / 10**6
    assert row.cost_high_usd == (1000 * Decimal("0.15") + most * Decimal("0.60")) / 10**6


def test_zeros_alone_are_no_counts_and_the_answer_is_not_free() -> None:
    row = asked(late(told(0, 0, 0)), thinking=THINKING)
    assert (row.flags, who(row)) == (("input_is_no_count", "output_is_no_count"), ("estimated", "estimated"))
    assert row.cost_low_usd == 165 * Decimal("0.60") / 10**6
    assert row.cost_usd is not None
    assert row.cost_high_usd is not None
    assert row.cost_low_usd < row.cost_usd < row.cost_high_usd == Decimal("0.0003144")


def test_a_count_of_4000_digits_is_no_count_and_no_traceback() -> None:
    body = chunk(choices=[], usage={"prompt_tokens": 1000, "completion_tokens": "DIGITS"})
    row = asked(body.replace(b'"DIGITS"', b"1" + b"0" * 4000), piece_bytes=64)
    assert (row.status, tokens(row), row.flags) == ("ok", (1000, 8), ("output_is_no_count",))


def test_a_chinese_answer_has_more_tokens_than_spaces() -> None:
    text = "今天天气很好我们去公园散步吧" * 20
    row = asked(late(told(1000, 5)), answer=text)
    assert (row.flags, row.provenance["output_tokens"]) == (("output_is_no_count",), "estimated")
    honest = asked(late(told(1000, 160)), answer=text)
    assert (honest.flags, honest.output_tokens) == ((), 160)


def test_more_output_than_the_model_can_write_is_no_count_though_nobody_set_a_limit() -> None:
    free = ChatRequest(messages=QUESTION.messages)
    row = asked(late(told(1000, 700_000)), request=free)
    assert (row.flags, row.provenance["output_tokens"]) == (("output_is_no_count",), "estimated")
    kept = asked(late(told(1000, 300_000, reasoning=299_000)), request=free)
    assert (kept.flags, kept.output_tokens, kept.thinking_tokens) == ((), 300_000, 299_000)


def test_a_long_prompt_is_not_counted_as_one_token() -> None:
    question = ChatRequest(messages=(Message("user", "word " * 4000),), max_tokens=500)
    row = asked(late(told(1, 300)), request=question)
    assert (row.flags, row.input_tokens) == (("input_is_no_count",), 6000)


@pytest.mark.parametrize("counts", [[], [late(told(1000, 60_000))]], ids=["uncounted", "counted"])
def test_a_server_that_ignores_the_limit_is_bounded_by_what_came(counts: list[bytes]) -> None:
    request = ChatRequest(messages=QUESTION.messages, max_tokens=100)
    row = asked(*counts, answer="word " * 40_000, request=request)
    assert row.output_tokens == 60_000
    assert row.cost_usd is not None
    assert row.cost_high_usd is not None
    assert row.cost_usd >= Decimal("0.036")
    assert row.cost_high_usd >= Decimal("0.03615")
    assert row.cost_usd <= row.cost_high_usd


@dataclass(frozen=True)
class Contradiction:
    """Numbers that cannot all be true, the output that is taken, and between what it may be."""

    id: str
    counts: dict[str, Any]
    output: int
    low: int
    high: int
    flags: tuple[str, ...]
    thinking: int | None = None
    inputs: tuple[int, int] = field(default=(1000, 1000))


CONTRADICTIONS = [
    Contradiction(
        "thinking beside the output", told(1000, 50, 1300, 250), 300, 300, 300, ("thinking_beside_output",), 250
    ),
    Contradiction(
        "a little thinking beside it", told(1000, 200, 1300, 100), 300, 200, 300, ("thinking_beside_output",), 100
    ),
    Contradiction("the same without a total", told(1000, 50, None, 250), 50, 50, 300, ("thinking_over_output",)),
    Contradiction("more thinking, the total right", told(1000, 50, 1050, 250), 50, 50, 50, ("thinking_over_output",)),
    Contradiction(
        "untold thinking in the total",
        told(1000, 50, 1300),
        50,
        50,
        300,
        ("input_plus_output_not_total",),
        None,
        (1000, 1250),
    ),
    Contradiction(
        "a total that is too small",
        told(1000, 300, 1200),
        300,
        200,
        300,
        ("input_plus_output_not_total",),
        None,
        (900, 1000),
    ),
    Contradiction("a total that cannot be", told(1000, 300, 10**12), 300, 300, 300, ("input_plus_output_not_total",)),
]


@pytest.mark.parametrize("case", CONTRADICTIONS, ids=[each.id for each in CONTRADICTIONS])
def test_what_numbers_that_contradict_one_another_leave_open_is_within_the_bounds(case: Contradiction) -> None:
    row = asked(late(case.counts))
    least, most = case.inputs
    assert (row.input_tokens, row.output_tokens, row.thinking_tokens) == (1000, case.output, case.thinking)
    assert (row.flags, who(row)) == (case.flags, REPORTED)
    assert row.cost_low_usd == (least * Decimal("0.003") + case.low * Decimal("0.60")) / 10**6
    assert row.cost_high_usd == (most * Decimal("0.15") + case.high * Decimal("0.60")) / 10**6


def test_thinking_counted_beside_too_small_an_output_is_not_certain_where_the_total_denies_it() -> None:
    row = asked(late(told(1000, 20, 1020, 300)), thinking=THINKING)
    assert row.flags == ("thinking_beside_output", "input_plus_output_not_total")
    # What came has 165 words, and the total leaves 700 tokens beside 320.
    assert row.cost_low_usd == (700 * Decimal("0.003") + 165 * Decimal("0.60")) / 10**6
    assert row.cost_high_usd == (1000 * Decimal("0.15") + 320 * Decimal("0.60")) / 10**6


@pytest.mark.parametrize(
    ("counts", "most", "flag"),
    [
        pytest.param({"prompt_cache_hit_tokens": 1640}, 2640, "cache_hit_over_input", id="hits over the input"),
        pytest.param(
            {"prompt_cache_hit_tokens": 640, "prompt_cache_miss_tokens": 1000},
            1640,
            "cache_hit_plus_miss_not_input",
            id="parts over the input",
        ),
        pytest.param(
            {"prompt_cache_hit_tokens": 1640, "total_tokens": 1300}, 1000, "cache_hit_over_input", id="the total right"
        ),
    ],
)
def test_cached_tokens_that_may_stand_beside_the_input_are_within_the_bounds(counts: Any, most: int, flag: str) -> None:
    row = asked(late(told(1000, 300, **counts)))
    assert (row.flags, row.cache_hit_tokens, row.input_tokens) == ((flag,), None, 1000)
    assert row.cost_high_usd == (most * Decimal("0.15") + 300 * Decimal("0.60")) / 10**6


@pytest.mark.parametrize("reasoning", [0, 5, 159, 299, 300], ids=str)
def test_a_count_of_thinking_that_its_text_disproves_is_a_share_of_the_output(reasoning: int) -> None:
    row = asked(late(told(1000, 300, reasoning=reasoning)), thinking=THINKING)
    assert (row.flags, row.provenance["thinking_tokens"]) == (("thinking_is_no_count",), "estimated")
    assert row.thinking_tokens == 290
    assert row.cost_usd == row.cost_high_usd == Decimal("0.00033")


@pytest.mark.parametrize("reasoning", [160, 250, 295], ids=str)
def test_a_count_of_thinking_that_can_be_true_is_kept(reasoning: int) -> None:
    row = asked(late(told(1000, 300, reasoning=reasoning)), thinking=THINKING)
    assert (row.flags, row.provenance["thinking_tokens"], row.thinking_tokens) == ((), "reported", reasoning)


@pytest.mark.parametrize(
    ("thinking", "reasoning", "output", "low"),
    [
        pytest.param("", 250, 258, 255, id="kept from us"),
        pytest.param(THINKING, 250, 258, 255, id="shown"),
        pytest.param(THINKING, 100, 247, 165, id="fewer than its words"),
        pytest.param("", 10**6, 8, 5, id="too many"),
    ],
)
def test_an_output_that_is_not_told_has_the_thinking_that_is(
    thinking: str, reasoning: int, output: int, low: int
) -> None:
    row = asked(late(told(1000, 0, reasoning=reasoning)), thinking=thinking)
    assert (row.output_tokens, row.provenance["output_tokens"]) == (output, "estimated")
    assert row.cost_low_usd == (1000 * Decimal("0.003") + low * Decimal("0.60")) / 10**6
    assert row.cost_high_usd == (1000 * Decimal("0.15") + 500 * Decimal("0.60")) / 10**6


def test_no_thinking_of_which_nothing_came_is_none() -> None:
    assert asked(late(told(1000, 300, reasoning=0))).thinking_tokens == 0


OTHER_NAMES = {"input_tokens": 36, "output_tokens": 30}


def timed(**timings: float) -> bytes:
    return chunk(choices=[], timings=timings)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([timed(prompt_n=36, cache_n=64, predicted_n=30)], (100, 30), id="llama-server"),
        pytest.param([timed(prompt_n=36, predicted_n=30.0)], (36, 30), id="an older llama-server"),
        pytest.param([late(ZEROS), timed(prompt_n=36, predicted_n=30)], (36, 30), id="timings beside zeros"),
        pytest.param([chunk(choices=[], prompt_eval_count=36, eval_count=30)], (36, 30), id="ollama"),
        pytest.param([late(OTHER_NAMES)], (36, 30), id="responses"),
        pytest.param([chunk(choices=[], response={"usage": OTHER_NAMES})], (36, 30), id="a response"),
        pytest.param(
            [
                chunk(
                    choices=[], message={"usage": {**OTHER_NAMES, "cache_read_input_tokens": 64, "output_tokens": 1}}
                ),
                late({"output_tokens": 30}),
            ],
            (100, 30),
            id="messages",
        ),
    ],
)
def test_counts_are_found_by_the_names_of_others_too(counts: list[bytes], expected: tuple[int, int]) -> None:
    row = asked(*counts)
    assert (tokens(row), who(row), row.flags) == (expected, REPORTED, ())


ROUTED, UNKNOWN = "deepseek/deepseek-r1", "some/new-model"


def billed(counts: Any, model: str = UNKNOWN, **how: Any) -> UsageEntry:
    return asked(late(counts), provider="openrouter", model=model, **how)


@pytest.mark.parametrize(
    "bill",
    [
        pytest.param({"cost": 0.0421}, id="alone"),
        pytest.param({"cost": "0.0421"}, id="as a text"),
        pytest.param({"cost": 4.21e-2}, id="with an exponent"),
        pytest.param(
            {"cost": 0.0421, "is_byok": False, "cost_details": {"upstream_inference_cost": None}}, id="no key"
        ),
        pytest.param(
            {"cost": 0.0421, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.0421}}, id="passed on"
        ),
        pytest.param({"cost": 0.0421, "cost_details": {"upstream_inference_cost": 0.04}}, id="with a fee"),
    ],
)
def test_a_bill_is_the_cost_where_no_price_is_known(bill: Any) -> None:
    row = billed(told(1000, 300, **bill))
    assert row.reported_usd == row.cost_usd == row.cost_low_usd == row.cost_high_usd == Decimal("0.0421")
    assert (row.price_id, row.flags) == (None, ())


def test_a_bill_without_counts_and_zeros_after_it_is_the_cost_all_the_same() -> None:
    row = asked(late({"cost": 0.0421}), late({**ZEROS, "cost": 0}), provider="openrouter", model=UNKNOWN)
    assert (row.cost_usd, row.provenance["output_tokens"]) == (Decimal("0.0421"), "estimated")


@pytest.mark.parametrize(
    ("bill", "low", "high", "flags"),
    [
        pytest.param(0.0421, "0.00145", "0.0421", ("bill_differs",), id="more"),
        pytest.param(0.0001, "0.0001", "0.00145", ("bill_differs",), id="less"),
        pytest.param(0, "0", "0.00145", ("bill_differs",), id="nothing"),
        pytest.param(0.00145, "0.00145", "0.00145", (), id="the same"),
        pytest.param(0.0014500001, "0.00145", "0.0014500001", (), id="rounded otherwise"),
    ],
)
def test_a_bill_beside_a_price_bounds_the_cost_and_is_told_where_it_differs(
    bill: float, low: str, high: str, flags: tuple[str, ...]
) -> None:
    row = billed(told(1000, 300, cost=bill), ROUTED)
    assert (row.cost_usd, row.reported_usd) == (Decimal("0.00145"), Decimal(str(bill)))
    assert (row.cost_low_usd, row.cost_high_usd, row.flags) == (Decimal(low), Decimal(high), flags)


@pytest.mark.parametrize(
    "bill",
    [
        pytest.param({"cost": 0.002, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.04}}, id="said so"),
        pytest.param({"cost": 0, "is_byok": True}, id="said so, no fee"),
        pytest.param({"cost": 0.002, "cost_details": {"upstream_inference_cost": 0.04}}, id="more upstream"),
        pytest.param({"cost": 0, "cost_details": {"upstream_inference_cost": "0.04"}}, id="no fee"),
    ],
)
def test_a_fee_for_what_another_bills_is_no_bill(bill: Any) -> None:
    row = billed(told(1000, 300, **bill))
    assert (row.cost_usd, row.reported_usd, row.flags) == (None, None, ("billed_elsewhere",))
    known = billed(told(1000, 300, **bill), ROUTED)
    assert known.cost_usd == known.cost_low_usd == known.cost_high_usd == Decimal("0.00145")


@pytest.mark.parametrize(
    "cost", ["NaN", "Infinity", "-0.0421", "1e6", "1e400", "true", '"free"', "[]", '{"usd": 1}', '"NaN"', '"1e99"']
)
def test_what_is_no_amount_is_no_bill(cost: str) -> None:
    body = late(told(1000, 300, cost="COST")).replace(b'"COST"', cost.encode())
    row = asked(body, provider="openrouter", model=UNKNOWN)
    assert (row.cost_usd, row.reported_usd, row.flags) == (None, None, ("bill_is_no_amount",))


def test_what_a_failed_answer_was_billed_stays_in_its_row() -> None:
    row = billed(told(1000, 300, cost=0.0421), finish="error")
    assert (row.status, tokens(row), row.cost_usd, row.cost_high_usd) == (
        "failed",
        (1000, 300),
        Decimal("0.0421"),
        Decimal("0.0421"),
    )
    known = asked(late(U), finish="error")
    assert (known.status, known.cost_usd, known.cost_high_usd) == ("failed", TRUE_USD, TRUE_USD)


def test_an_answer_that_broke_off_after_its_bill_costs_that_at_least() -> None:
    body = chunk({"content": "The"}, usage=told(1000, 3, cost=0.0421))
    with serving(Reply(body, cut=True, piece_bytes=7)) as wire:
        engine = engine_for("openrouter", wire.url, UNKNOWN)
        row = run(engine).entry
        engine.close()
    assert (row.status, row.cost_usd, row.cost_low_usd, row.cost_high_usd) == (
        "failed",
        Decimal("0.0421"),
        Decimal("0.0421"),
        None,
    )


def test_a_report_reads_the_same_money_from_the_rows(tmp_path: Path) -> None:
    request = ChatRequest(messages=QUESTION.messages, max_tokens=100)
    rows = [
        asked(late(told(0, 0)), thinking=THINKING, logs=tmp_path),
        asked(answer="word " * 40_000, request=request, logs=tmp_path),
        asked(answer="a b c d e f " * 30, request=request, logs=tmp_path),
        asked(late(told(10**19, 10**19)), logs=tmp_path),
        asked(late(told(1000, 50, 1300, 250)), logs=tmp_path),
        asked(late(told(1000, 300, reasoning=0)), thinking=THINKING, logs=tmp_path),
        asked(late(U), logs=tmp_path),
    ]
    assert [each.status for each in rows] == ["ok"] * len(rows)
    report = spend_report(SpendQuestion([*tmp_path.glob("*.jsonl")], Period(), (), real_book()))
    assert report.lost == 0
    assert report.totals.requests == len(rows)
    assert report.totals.cost_usd == sum(each.cost_usd or 0 for each in rows)


def test_a_bill_without_a_price_is_told_and_nobody_says_that_no_price_is_known(home: Path) -> None:
    body = chunk({"content": ANSWER}, finish="stop") + late(told(1000, 300, cost=0.0421)) + DONE
    with serving(Reply(body, piece_bytes=7)) as wire:
        plain, as_json = (
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "r1plan",
                    "chat",
                    "--model",
                    f"openrouter/{UNKNOWN}",
                    "What is 17 + 25?",
                    *words,
                ],
                capture_output=True,
                text=True,
                env={**os.environ, "R1PLAN_OPENROUTER_BASE_URL": wire.url, "OPENROUTER_API_KEY": "sk-planted"},
                input="",
                check=False,
            )
            for words in ((), ("--json",))
        )
    assert (plain.returncode, plain.stdout) == (0, f"{ANSWER}\n"), plain.stderr
    assert "1,000 tokens in · 300 out" in plain.stderr
    assert " · $0.04 billed · " in plain.stderr
    assert "no price" not in plain.stderr
    cost = json.loads(as_json.stdout)["cost"]
    known = {name: cost[name] for name in ("total_usd", "reported_usd", "low_usd", "high_usd")}
    assert known == dict.fromkeys(known, "0.0421")
    assert cost["price"] is None
