"""What may be billed lies within the bounds, wherever an answer breaks off."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1plan.engine.chat import ChatRequest, FinishReason, Message, ToolCall
from r1plan.engine.dialects.usage import estimated_tokens
from r1plan.engine.history import sent_messages
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.route.execution.record import Labels, Outcome, at_end, unbounded_start
from r1plan.route.spending.bounds import UNKNOWN, begun, broken_off, ended, longest_input_tokens
from tests.prices.test_book import real_book

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def flash() -> EffectivePrice:
    """Off-peak: 0.15, 0.003 and 0.60 USD a million tokens."""
    price = real_book().price_at("deepseek", "deepseek-flash", AT)
    assert price is not None
    return price


def asked(text: str = "Why?", max_tokens: int | None = None) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), max_tokens=max_tokens)


def test_a_request_that_has_begun_may_have_cost_nothing_or_all() -> None:
    bounds = begun(asked(max_tokens=1000), [flash()])
    assert bounds.low_usd == 0
    # 4 bytes, 16 for the message's marks and 64 for a system message of the server's; 1,000 tokens of output.
    assert bounds.high_usd == (84 * Decimal("0.15") + 1000 * Decimal("0.60")) / 10**6


def test_the_dearest_of_the_prices_that_may_hold_counts() -> None:
    off_peak = flash()
    peak = replace(off_peak, per_token=replace(off_peak.per_token, output=off_peak.per_token.output * 2))
    request = asked(max_tokens=1000)
    assert begun(request, [off_peak, peak]) == begun(request, [peak])
    low = broken_off(request, ["", "three words here"], None, [off_peak, peak]).low_usd
    assert low == broken_off(request, ["", "three words here"], None, [off_peak]).low_usd


@pytest.mark.parametrize(
    ("max_tokens", "model_writes", "counts"),
    [(None, 500, 500), (100, 500, 100), (900, 500, 500), (900, None, 900)],
    ids=["the model's limit", "the request's limit", "the lower of both", "the model's is not known"],
)
def test_the_output_is_bounded_by_the_lower_limit(
    max_tokens: int | None, model_writes: int | None, counts: int
) -> None:
    price = replace(flash(), max_output_tokens=model_writes)
    high = begun(asked(max_tokens=max_tokens), [price]).high_usd
    assert high == (84 * Decimal("0.15") + counts * Decimal("0.60")) / 10**6


def test_without_any_limit_there_is_no_upper_bound() -> None:
    bounds = broken_off(asked(), ["", "one two"], None, [replace(flash(), max_output_tokens=None)])
    assert (bounds.low_usd, bounds.high_usd) == (2 * Decimal("0.60") / 10**6, None)


def test_without_a_price_nothing_is_known() -> None:
    assert begun(asked(), []) == broken_off(asked(), [], None, []) == UNKNOWN


def test_what_the_server_reported_counts_and_what_was_guessed_does_not() -> None:
    usage = Usage(
        input_tokens=1000, output_tokens=70, provenance={"input_tokens": "reported", "output_tokens": "estimated"}
    )
    bounds = broken_off(asked(max_tokens=100), ["", "one two"], usage, [flash()])
    assert bounds.low_usd == (1000 * Decimal("0.003") + 2 * Decimal("0.60")) / 10**6
    assert bounds.high_usd == (1000 * Decimal("0.15") + 100 * Decimal("0.60")) / 10**6


TEXTS = st.text(max_size=30)
CALLS = st.builds(ToolCall, id=TEXTS, name=TEXTS, arguments=st.dictionaries(TEXTS, TEXTS, max_size=3).map(json.dumps))
TURNS = st.lists(
    st.builds(
        Message,
        st.sampled_from(["user", "assistant", "tool"]),
        TEXTS,
        thinking=st.none() | TEXTS,
        tool_calls=st.lists(CALLS, max_size=2).map(tuple),
        tool_call_id=st.none() | TEXTS,
    ),
    max_size=5,
)


def texts_in(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for name, each in value.items() if name not in ("role", "type") for text in texts_in(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_in(each)]
    return [value] if isinstance(value, str) else []


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(messages=TURNS)
def test_no_prompt_is_longer_than_the_bound_with_what_goes_back_of_a_tool_turn(messages: list[Message]) -> None:
    """Were each byte that is sent a token, and each parameter of a call in the 15 tokens of V3.2's marks."""
    sent = texts_in(sent_messages(messages, "tool_turns", "reasoning_content"))
    calls = [call for each in messages for call in each.tool_calls]
    marks = sum(15 * len(json.loads(call.arguments)) for call in calls)
    tokens = sum(len(each.encode()) for each in sent) + marks
    assert tokens <= longest_input_tokens(ChatRequest(messages=tuple(messages)))


def test_thinking_that_never_goes_back_is_not_in_the_bound() -> None:
    request = ChatRequest(messages=(Message("user", "Why?"), Message("assistant", "So.", thinking="hm " * 1000)))
    assert longest_input_tokens(request) == 7 + 2 * 16 + 64


# A tokenizer like those in use: a word is one or more tokens, and the space before it belongs to its first.
WORDS = st.lists(st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=12), min_size=1, max_size=40)
CUTS = st.lists(st.integers(1, 5))


def tokens_of(words: list[str], cuts: list[int]) -> list[str]:
    """Each word in one token or two."""
    tokens: list[str] = []
    for number, word in enumerate(words):
        cut = min(len(word), cuts[number % len(cuts)] if cuts else 1)
        tokens += [f" {word[:cut]}", *([word[cut:]] if word[cut:] else [])]
    return tokens


@given(words=WORDS, cuts=CUTS, heard=st.integers(0, 60), prompt=st.text(max_size=60), share=st.floats(0, 1))
def test_the_true_cost_lies_within_wherever_it_breaks_off(
    words: list[str], cuts: list[int], heard: int, prompt: str, share: float
) -> None:
    tokens = tokens_of(words, cuts)
    heard = min(heard, len(tokens))
    thinking, answer = "".join(tokens[: heard // 2]), "".join(tokens[heard // 2 : heard])
    request = asked(prompt, max_tokens=200)
    # Between what was heard and all that the server may write.
    written = heard + round(share * (200 - heard))
    read = round(share * longest_input_tokens(request))
    for cached in (0, read):
        true = cost_of(Usage(input_tokens=read, cache_hit_tokens=cached, output_tokens=written), flash().per_token)
        bounds = broken_off(request, [thinking, answer], None, [flash()])
        assert bounds.low_usd is not None
        assert bounds.high_usd is not None
        assert bounds.low_usd <= true.total_usd <= bounds.high_usd


@given(
    words=WORDS,
    cuts=CUTS,
    prompt=st.text(max_size=60),
    share=st.floats(0, 1),
    kept=st.integers(0, 100),
    told=st.sets(st.sampled_from(["input_tokens", "output_tokens"])),
    cached=st.floats(0, 1),
    finish=st.sampled_from(["stop", "length", "content_filter"]),
)
def test_the_true_cost_of_a_whole_answer_lies_within_whatever_the_server_told(
    words: list[str],
    cuts: list[int],
    prompt: str,
    share: float,
    kept: int,
    told: set[str],
    cached: float,
    finish: FinishReason,
) -> None:
    """`kept` tokens of thinking never came; of the true numbers the server reports those in `told`."""
    tokens = tokens_of(words, cuts)
    request = asked(prompt, max_tokens=200)
    read = round(share * longest_input_tokens(request))
    true = Usage(input_tokens=read, cache_hit_tokens=round(cached * read), output_tokens=len(tokens) + kept)
    # What is not told is guessed from the length, as the dialects do; that may be off by any factor.
    said = Usage(
        input_tokens=read if "input_tokens" in told else estimated_tokens(prompt),
        output_tokens=true.output_tokens if "output_tokens" in told else estimated_tokens("".join(tokens)),
        provenance={
            "input_tokens": "reported" if "input_tokens" in told else "estimated",
            "output_tokens": "reported" if "output_tokens" in told else "estimated",
        },
    )
    outcome = Outcome(
        first_token_at=AT, ended_at=AT, served_model=None, finish=finish, why=None, thinking="",
        answer="".join(tokens), usage=said,
    )  # fmt: skip
    row = unbounded_start("id", "deepseek", "deepseek-flash", Labels(), AT)
    entry, _, _ = at_end(row, outcome, request, lambda _: flash())
    assert entry.cost_usd is not None
    assert entry.cost_low_usd is not None
    assert entry.cost_high_usd is not None
    assert entry.cost_low_usd <= cost_of(true, flash().per_token).total_usd <= entry.cost_high_usd
    assert entry.cost_low_usd <= entry.cost_usd <= entry.cost_high_usd


def test_a_reported_output_is_all_that_was_written() -> None:
    usage = Usage(
        input_tokens=9, output_tokens=70, provenance={"input_tokens": "estimated", "output_tokens": "reported"}
    )
    bounds = ended(asked(max_tokens=100), ["", "one two"], usage, [flash()])
    assert bounds.low_usd == 70 * Decimal("0.60") / 10**6
    assert bounds.high_usd == (84 * Decimal("0.15") + 70 * Decimal("0.60")) / 10**6


def test_where_the_input_is_a_guess_every_price_by_its_length_counts() -> None:
    """A prompt that was guessed at 150 tokens may have fewer than 100, or more than 200."""
    guessed = Usage(
        input_tokens=150, output_tokens=2, provenance={"input_tokens": "estimated", "output_tokens": "estimated"}
    )

    def price_for(entry: UsageEntry) -> EffectivePrice:
        times, price = sum((entry.input_tokens or 0) > edge for edge in (100, 200)) + 1, flash()
        dearer = replace(price.per_token, output=price.per_token.output * times, miss=price.per_token.miss * times)
        return replace(price, tier=str(times), per_token=dearer)

    outcome = Outcome(
        first_token_at=AT, ended_at=AT, served_model=None, finish="stop", why=None, thinking="", answer="one two",
        usage=guessed,
    )  # fmt: skip
    row = unbounded_start("id", "deepseek", "deepseek-flash", Labels(), AT)
    entry, _, _ = at_end(row, outcome, asked("x" * 150, max_tokens=100), price_for)
    assert entry.cost_low_usd == 2 * Decimal("0.60") / 10**6
    assert entry.cost_high_usd == 3 * (230 * Decimal("0.15") + 100 * Decimal("0.60")) / 10**6
