from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from r1plan.report.importers.agents.cline import CLINE
from tests.report.importers.made.truth import counts, plain, usd
from tests.report.importers.reading import read

DEEPSEEK = {"providerId": "deepseek", "modelId": "deepseek-reasoner", "mode": "act"}
BESIDE = ("cached_beside_input",)
# what the text says, modelInfo -> input, cached, traps
READINGS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any] | None, tuple[Any, ...]]] = {
    "Cline, DeepSeek": ({}, DEEPSEEK, (106, 64, BESIDE)),
    "Cline, a provider that gives the whole": ({"tokensIn": 100}, {**DEEPSEEK, "providerId": "litellm"}, (100, 64, ())),
    "Cline, the whole that cannot be": ({}, {**DEEPSEEK, "providerId": "litellm"}, (106, 64, BESIDE)),
    "Roo, OpenAI's": ({"apiProtocol": "openai", "tokensIn": 100}, DEEPSEEK, (100, 64, ())),
    "Roo, Anthropic's of today": ({"apiProtocol": "anthropic", "tokensIn": 100}, DEEPSEEK, (100, 64, ())),
    "nothing cached": ({"cacheReads": 0, "cacheWrites": 0}, DEEPSEEK, (36, 0, ())),
    "no cache told": ({"cacheReads": None, "cacheWrites": None}, DEEPSEEK, (36, None, ())),
}


def _line(text: Mapping[str, Any], model: Mapping[str, Any] | None = DEEPSEEK, **other: Any) -> dict[str, Any]:
    said = {"request": "secret", "tokensIn": 36, "tokensOut": 50, "cacheReads": 64, "cacheWrites": 6, "cost": 0.25}
    return {
        "ts": 1783501811123, "type": "say", "say": "api_req_started", "text": json.dumps({**said, **text}),
        "modelInfo": model, **other,
    }  # fmt: skip


@pytest.mark.parametrize("name", READINGS)
def test_cached_tokens_are_within_or_beside_by_who_counted(name: str) -> None:
    text, model, wanted = READINGS[name]
    row = read(CLINE, [_line(text, model)]).row
    assert (row["input_tokens"], row["cache_hit_tokens"], row["traps"]) == wanted


def test_roos_counts_of_anthropics_dialect_were_beside_before_november_2025() -> None:
    line = _line({"apiProtocol": "anthropic", "tokensIn": 100})
    before = read(CLINE, [{**line, "ts": 1761955199999}]).row
    since = read(CLINE, [{**line, "ts": 1761955200000}]).row
    assert (before["input_tokens"], since["input_tokens"]) == (170, 100)


def test_what_became_of_a_request() -> None:
    nothing = {"tokensIn": 0, "tokensOut": 0, "cacheReads": 0, "cacheWrites": 0, "cost": 0}
    cases: dict[str, Mapping[str, Any]] = {
        "ok": {}, "aborted": {**nothing, "cancelReason": "user_cancelled"},
        "failed": {**nothing, "cancelReason": "streaming_failed"}, "started": dict.fromkeys(nothing),
    }  # fmt: skip
    for status, text in cases.items():
        row = read(CLINE, [_line(text)]).row
        assert (row["status"], row["input_tokens"]) == (status, 106 if status == "ok" else None)
        assert (row["ended_us"] is None) == (status == "started")
        assert row["cost_low_usd"] == (0 if status in ("aborted", "failed") else None)


def test_messages_that_are_no_request_are_nobodys_loss_and_sums_are_told() -> None:
    others = [
        {"ts": 1, "type": "say", "say": "text", "text": '{"tokensIn": 7}'},
        {"ts": 2, "type": "ask", "ask": "tool", "text": "{}"}, {"ts": 3, "type": "say", "say": "reasoning", "text": "x"},
    ]  # fmt: skip
    found = read(
        CLINE, [*others, _line({}), _line({}, None, say="deleted_api_reqs"), _line({}, None, say="subagent_usage")]
    )
    assert (len(found.rows), found.skipped) == (3, 3)
    assert [row["requests"] for row in found.rows] == [1, None, None]
    assert (found.traps["sums_of_requests"], found.traps["unknown_provider"]) == (2, 2)


def test_a_summary_that_cost_money_and_tells_no_tokens_is_a_request() -> None:
    record = {"ts": 1783501811123, "type": "say", "say": "condense_context", "contextCondense": {"cost": 0.002}}
    row = read(CLINE, [record]).row
    assert (row["input_tokens"], row["tool_usd"], row["status"]) == (None, Decimal("0.002"), "ok")


def test_the_commands_messages_are_read() -> None:
    metrics = {"inputTokens": 36, "outputTokens": 50, "cacheReadTokens": 64, "cacheWriteTokens": 0, "cost": 0.25}
    message = {
        "id": "m1", "role": "assistant", "ts": 1783501811123, "content": [], "metrics": metrics,
        "modelInfo": {"id": "deepseek-chat", "provider": "deepseek"},
    }  # fmt: skip
    found = read(CLINE, [message, {**message, "id": "m2", "role": "user", "metrics": None}])
    row = found.row
    assert (row["id"], row["provider"], row["model"]) == ("m1", "deepseek", "deepseek-chat")
    assert (row["input_tokens"], row["cache_hit_tokens"], row["tool_usd"]) == (100, 64, Decimal("0.25"))


@pytest.mark.parametrize("protocol", [None, "openai"])
def test_totals_are_those_of_a_plain_loop(protocol: str | None) -> None:
    random = Random(4)
    lines: list[dict[str, Any]] = []
    total, hits, written, money = 0, 0, 0, Decimal(0)
    for index in range(250):
        used, cost = counts(random), usd(random)
        given = used.input if protocol else used.input - used.hit
        text = {
            "tokensIn": given, "tokensOut": used.output, "cacheReads": used.hit, "cacheWrites": 0, "cost": plain(cost),
            "apiProtocol": protocol,
        }  # fmt: skip
        lines += [_line(text, ts=1783501811123 + index), {"ts": index, "type": "say", "say": "text", "text": "x"}]
        total, hits, written, money = total + used.input, hits + used.hit, written + used.output, money + cost
    found = read(CLINE, lines)
    assert len({row["id"] for row in found.rows}) == len(found.rows) == 250
    assert [found.total(name) for name in ("input_tokens", "cache_hit_tokens", "output_tokens", "tool_usd")] == [
        total, hits, written, money,
    ]  # fmt: skip
