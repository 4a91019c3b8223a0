"""Wherever a stream is cut, its true cost lies within the bounds of its row, and what is whole is exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.engine.chat import ChatRequest, Message
from tests.wire.asking import Peer, run
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Reply

# DeepSeek's off-peak prices of November 2026, USD for a million tokens.
MISS, HIT, OUTPUT = Decimal("0.15"), Decimal("0.003"), Decimal("0.60")
PROMPT = ChatRequest(
    messages=(Message("system", "Be brief. 请用中文。"), Message("user", "What is 17 + 25, and why? " * 5)),
    max_tokens=60,
)
PROMPT_TOKENS = 75
TOKENS = st.lists(
    st.sampled_from([" the", "ing", "17", " +", "，", "先", "想", " ", "\n\n", "🎉", " carry", "é", "x"]), max_size=25
)


def cost(hit: int, written: int) -> Decimal:
    return ((PROMPT_TOKENS - hit) * MISS + hit * HIT + written * OUTPUT) / 10**6


def stream(thinking: list[str], answer: list[str], hit: int, *, inline: bool) -> list[bytes]:
    """One chunk a token, and the ends: the finish reason, then the usage, then [DONE]."""
    name = "content" if inline else "reasoning_content"
    tags = ["<think>", "</think>"] if inline and thinking else ["", ""]
    thought = [chunk({name: text}) for text in (tags[0], *thinking, tags[1]) if text]
    answered = [chunk({"content": text}) for text in answer]
    written = len(thought) + len(answered)
    told = usage(PROMPT_TOKENS, written, prompt_cache_hit_tokens=hit, prompt_cache_miss_tokens=PROMPT_TOKENS - hit)
    return [*thought, *answered, chunk(finish="stop"), chunk(choices=[], usage=told), DONE]


@settings(max_examples=100, deadline=None)
@given(
    thinking=TOKENS,
    answer=TOKENS,
    hit=st.integers(0, PROMPT_TOKENS),
    inline=st.booleans(),
    piece_bytes=st.sampled_from([1, 3, 50, 1 << 20]),
    where=st.floats(0, 1),
)
def test_the_true_cost_lies_within_the_bounds_at_any_cut(
    peer: Peer, thinking: list[str], answer: list[str], hit: int, inline: bool, piece_bytes: int, where: float
) -> None:
    chunks = stream(thinking, answer, hit, inline=inline)
    body = b"".join(chunks)
    cut = round(where * len(body))
    peer.reply = Reply(body[:cut], piece_bytes=piece_bytes, cut=True)
    result = run(peer.engine, PROMPT)
    entry = result.entry

    written = len(chunks) - 3
    ends = [len(b"".join(chunks[: count + 1])) for count in range(len(chunks))]
    sent = sum(end <= cut for end in ends[:written])
    # The server stopped when the connection broke, or wrote on unheard to its end.
    for true_output in (sent, written):
        true = cost(hit, true_output)
        assert entry.cost_low_usd is None or entry.cost_low_usd <= true
        assert entry.cost_high_usd is None or true <= entry.cost_high_usd
    if sent:
        assert entry.model_served == "deepseek-flash"
    # The blank line that ends the chunk may be missing: the line itself is whole one byte or two before.
    if cut >= ends[written + 1]:
        # An answer without a word is none, but what it is billed at was told.
        assert (entry.status, entry.cost_usd) == ("ok" if written else "failed", cost(hit, written))
        assert entry.cost_low_usd == entry.cost_high_usd == entry.cost_usd
    elif cut < ends[written] - 2:
        assert (entry.status, entry.end_reason) == ("failed", "connection_lost")
        assert entry.cost_low_usd is not None
        assert entry.cost_usd is not None
        assert entry.cost_high_usd is not None
        assert entry.cost_low_usd <= entry.cost_usd <= entry.cost_high_usd


@pytest.mark.parametrize("at", range(12))
def test_an_answer_whose_counts_were_cut_off_is_whole_and_its_cost_an_estimate(peer: Peer, at: int) -> None:
    chunks = stream(["hm"], ["42"], 10, inline=False)
    body = b"".join(chunks[:3]) + chunks[3][: at * len(chunks[3]) // 12]
    peer.reply = Reply(body, cut=True)
    entry = run(peer.engine, PROMPT).entry
    assert (entry.status, entry.provenance["output_tokens"]) == ("ok", "estimated")
    assert entry.cost_low_usd is not None
    assert entry.cost_high_usd is not None
    assert entry.cost_low_usd <= cost(10, 2) <= entry.cost_high_usd
    assert entry.cost_usd is not None
    assert entry.cost_low_usd <= entry.cost_usd <= entry.cost_high_usd
