"""Whatever a server says that it counted: no exception, a cost within its bounds, and the truth within them too."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.engine.chat import ChatRequest, Message
from r1plan.engine.dialects.openai import ChunkReader
from r1plan.engine.tokens import (
    MARKS,
    estimated_output,
    least_tokens,
    longest_input_tokens,
    most_tokens,
    thinking_share,
)
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.route.execution.held import held_to_model
from r1plan.route.execution.record import Labels, Outcome, at_end, unbounded_start
from tests.catalog.ours import PROVIDERS
from tests.route.spending.test_bounds import CUTS, WORDS, flash, tokens_of
from tests.wire.asking import AT, price

OWN_PROMPT = 65536


def row_of(
    usages: list[Any],
    request: ChatRequest,
    thinking: str,
    answer: str,
    provider: str = "deepseek",
    model: str = "deepseek-flash",
    finish: str = "stop",
) -> UsageEntry:
    """The row at the end of a stream of `usages`, as the reader, the model's limit and the record make it."""
    reader = ChunkReader(PROVIDERS[provider], request)
    deltas = [{"reasoning_content": thinking}] if thinking else []
    for delta in [*deltas, {"content": answer}]:
        list(reader.read(json.dumps({"choices": [{"index": 0, "delta": delta}]})))
    list(reader.read(json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})))
    for usage in usages:
        list(reader.read(json.dumps(usage)))
    list(reader.rest())
    end = reader.finished()
    row = unbounded_start("id", provider, model, Labels(), AT)
    outcome = Outcome(
        first_token_at=AT, ended_at=AT, served_model=None, finish=end.reason, why=None, thinking=thinking,
        answer=answer, usage=end.usage, reported_usd=end.reported_usd,
    )  # fmt: skip
    entry, _, _ = at_end(row, held_to_model(outcome, request, price(row)), request, price)
    return entry


def in_order(row: UsageEntry) -> bool:
    """Whether what is known of the cost lies between what is known of its bounds."""
    known = [each for each in (row.cost_low_usd, row.cost_usd, row.cost_high_usd) if each is not None]
    return known == sorted(known)


ODD = [0, -1, 1, 5, 300, 1000, 10**6, 10**19, 1.5, 300.0, float("nan"), True, "300", "many", [], {}, [300], 10**400]
NUMBERS = st.sampled_from(ODD) | st.integers(0, 1200)
JSON = st.recursive(
    st.none() | NUMBERS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(
    ["prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens",
     "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cost", "is_byok"]
)  # fmt: skip
DETAILS = st.fixed_dictionaries({"completion_tokens_details": JSON | st.fixed_dictionaries({"reasoning_tokens": JSON})})
USAGES = JSON | st.dictionaries(NAMES, JSON, max_size=6) | st.tuples(st.dictionaries(NAMES, NUMBERS), DETAILS).map(
    lambda both: both[0] | both[1]
)  # fmt: skip
PLACES = st.sampled_from(["usage", "choices", "x_groq", "timings", "message", "eval_count"])


@st.composite
def chunks(draw: st.DrawFn) -> dict[str, Any]:
    """A chunk with a usage, or what stands for one, at one of the places where some are."""
    place, usage = draw(PLACES), draw(USAGES)
    if place == "choices":
        return {"choices": [{"index": 0, "delta": {}, "usage": usage}]}
    return {"choices": [], place: {"usage": usage} if place in ("x_groq", "message") else usage}


TEXTS = st.sampled_from(["", "x", "one two three", "word " * 200, "今天天气很好" * 40, "a\n" * 30])


@given(
    usages=st.lists(chunks(), max_size=4),
    thinking=TEXTS,
    answer=TEXTS,
    prompt=TEXTS,
    max_tokens=st.sampled_from([None, 1, 100, 500]),
    seller=st.sampled_from(
        [("deepseek", "deepseek-flash"), ("openrouter", "deepseek/deepseek-r1"), ("openrouter", "new")]
    ),
    finish=st.sampled_from(["stop", "length", "error"]),
)
def test_no_usage_breaks_a_row_and_what_is_reported_can_be_true(
    usages: list[Any],
    thinking: str,
    answer: str,
    prompt: str,
    max_tokens: int | None,
    seller: tuple[str, str],
    finish: str,
) -> None:
    request = ChatRequest(messages=(Message("user", prompt),), max_tokens=max_tokens)
    row = row_of(usages, request, thinking, answer, *seller, finish)
    assert in_order(row)
    assert all(value is None or value < 10**7 for value in (row.input_tokens, row.output_tokens))
    texts = (thinking, answer)
    if row.provenance["input_tokens"] == "reported":
        assert row.input_tokens is not None
        assert max(least_tokens([prompt]), 1) <= row.input_tokens <= longest_input_tokens(request) + OWN_PROMPT
    if row.provenance["output_tokens"] == "reported":
        assert row.output_tokens is not None
        most = max(10**6 if max_tokens is None else max_tokens, most_tokens(texts)) + MARKS
        assert least_tokens(texts) <= row.output_tokens <= most
    if row.provenance.get("thinking_tokens") == "reported":
        assert row.thinking_tokens is not None
        assert row.output_tokens is not None
        assert least_tokens([thinking]) <= row.thinking_tokens <= row.output_tokens
    assert json.loads(row.to_line())["id"] == "id"


LIES = ["zeros", "nothing", "no input", "no output", "absurd", "text", "parts", "late", "without thinking", "no total"]


@given(
    words=WORDS,
    cuts=CUTS,
    prompt=WORDS.map(" ".join),
    share=st.floats(0, 1),
    cached=st.floats(0, 1),
    kept=st.integers(0, 100),
    lie=st.sampled_from(LIES),
)
def test_the_true_cost_lies_within_whatever_the_server_makes_of_its_counts(
    words: list[str], cuts: list[int], prompt: str, share: float, cached: float, kept: int, lie: str
) -> None:
    """`kept` tokens of thinking never came. What is told is true, or nothing that can be."""
    tokens = tokens_of(words, cuts)
    request = ChatRequest(messages=(Message("user", prompt),), max_tokens=400)
    least = least_tokens([prompt])
    read = least + round(share * (longest_input_tokens(request) - least))
    hit = round(cached * read)
    written = len(tokens) + kept
    whole = {"prompt_tokens": read, "completion_tokens": written, "prompt_cache_hit_tokens": hit}
    zeros = dict.fromkeys(whole, 0)
    told: dict[str, list[dict[str, Any]]] = {
        "zeros": [zeros],
        "nothing": [],
        "no input": [whole | {"prompt_tokens": 0, "prompt_cache_hit_tokens": 0}],
        "no output": [whole | {"completion_tokens": 0}],
        "absurd": [whole | {"prompt_tokens": 10**19, "completion_tokens": 10**12}],
        "text": [whole | {"prompt_tokens": "many", "completion_tokens": str(written)}],
        "parts": [whole | {"completion_tokens": written - 1}, zeros | {"completion_tokens": 1}],
        "late": [zeros, whole, zeros],
        "without thinking": [whole | {"completion_tokens": len(tokens), "total_tokens": read + written}],
        "no total": [whole | {"total_tokens": 0}],
    }  # fmt: skip
    row = row_of([{"choices": [], "usage": each} for each in told[lie]], request, "", "".join(tokens))
    true = cost_of(Usage(input_tokens=read, cache_hit_tokens=hit, output_tokens=written), flash().per_token)
    assert in_order(row)
    assert row.cost_low_usd is not None
    assert row.cost_high_usd is not None
    assert row.cost_low_usd <= true.total_usd <= row.cost_high_usd
    if lie in ("late", "no total"):
        assert row.cost_usd == true.total_usd == row.cost_high_usd == row.cost_low_usd


def test_an_estimate_stays_within_what_the_model_writes_and_what_was_asked_for() -> None:
    assert estimated_output(["", "word " * 100], [None]) == 150
    assert estimated_output(["", "word " * 100], [120, 1000]) == 120
    assert estimated_output(["", "word " * 100], [99]) == 150, "more words than the limit: it was not kept"
    assert estimated_output(["", "a " * 100], [None]) == 100, "the guess from the length is below the words"


@pytest.mark.parametrize(
    ("text", "least"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param(" \n\t", 0, id="blank"),
        pytest.param("one two  three\n", 3, id="words"),
        pytest.param("x" * 1000, 1, id="one long word"),
        pytest.param("今" * 16, 1, id="16 characters"),
        pytest.param("今" * 17, 2, id="17 characters"),
        pytest.param("今天 天气", 2, id="with a space"),
        pytest.param("Ünïcödé wörds", 2, id="accents"),
        pytest.param("안녕하세요 여러분", 2, id="Korean"),
    ],
)
def test_a_text_has_as_many_tokens_as_words_at_least(text: str, least: int) -> None:
    assert least_tokens([text]) == least


@given(thinking=st.text(max_size=60), answer=st.text(max_size=60), extra=st.integers(0, 50))
def test_the_thinkings_share_leaves_room_for_both_texts(thinking: str, answer: str, extra: int) -> None:
    output = least_tokens([thinking, answer]) + extra
    share = thinking_share(output, thinking, answer)
    assert (share is None) == (not thinking)
    if share is not None:
        assert least_tokens([thinking]) <= share <= output - least_tokens([answer])


def test_a_model_that_writes_less_than_was_guessed_is_held_to_that() -> None:
    usage = Usage(
        input_tokens=9, output_tokens=900, provenance={"input_tokens": "reported", "output_tokens": "estimated"}
    )
    outcome = Outcome(
        first_token_at=AT, ended_at=AT, served_model=None, finish="stop", why=None, thinking="", answer="ab" * 300,
        usage=usage,
    )  # fmt: skip
    request = ChatRequest(messages=(Message("user", "Why?"),))
    short = replace(flash(), max_output_tokens=100)
    held = held_to_model(outcome, request, short).usage
    assert held is not None
    assert (held.output_tokens, held.flags) == (100, ())
    assert held_to_model(outcome, request, None) is outcome
    assert Decimal(0) < cost_of(held, short.per_token).total_usd
