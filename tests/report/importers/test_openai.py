from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from r1plan.report.importers.openai import OPENAI
from tests.report.importers.reading import each, read

BODY: Mapping[str, Any] = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1782618417, "model": "deepseek-reasoner",
    "choices": [{"index": 0, "message": {"content": "Yes."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
}  # fmt: skip
WHOLE: Mapping[str, Any] = BODY["usage"]
ODD = ("counts_contradict",)
# usage -> input, cached, output, thinking, traps
USAGES: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
    "three totals": (WHOLE, (100, None, 50, None, ())),
    "DeepSeek": (
        {**WHOLE, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36,
         "completion_tokens_details": {"reasoning_tokens": 30}},
        (100, 64, 50, 30, ()),
    ),
    "OpenAI": ({**WHOLE, "prompt_tokens_details": {"cached_tokens": 64}}, (100, 64, 50, None, ())),
    "Together": ({**WHOLE, "cached_tokens": 64}, (100, 64, 50, None, ())),
    "SGLang": ({**WHOLE, "reasoning_tokens": 30}, (100, None, 50, 30, ())),
    "responses": (
        {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 64}, "output_tokens": 50,
         "output_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 150},
        (100, 64, 50, 30, ()),
    ),
    "messages": ({"input_tokens": 30, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 6,
                 "output_tokens": 50},
                 (100, 64, 50, None, ())),
    "parts alone": ({"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36, "completion_tokens": 50},
                    (100, 64, 50, None, ())),
    "hit and miss are not input": ({**WHOLE, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 37},
                                   (100, None, 50, None, ODD)),
    "total is no sum": ({**WHOLE, "total_tokens": 151, "cached_tokens": 64}, (100, None, 50, None, ODD)),
    "more thinking than output": ({**WHOLE, "reasoning_tokens": 51}, (100, None, 50, None, ODD)),
    "null": (None, (None, None, None, None, ())),
}  # fmt: skip


def _counted(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        row[name] for name in ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "traps")
    )


def test_every_dialect_of_usage_is_the_one_normal_form() -> None:
    found = each(OPENAI, BODY, {name: {"usage": usage} for name, (usage, _) in USAGES.items()})
    assert {name: _counted(row) for name, row in found.items()} == {
        name: wanted for name, (_, wanted) in USAGES.items()
    }


def test_usage_that_stands_elsewhere_is_found() -> None:
    cases: dict[str, dict[str, Any]] = {
        "in a choice": {"usage": None, "choices": [{"delta": {}, "usage": WHOLE}]},
        "of Groq": {"usage": None, "x_groq": {"usage": WHOLE}},
        "llama-server's timings": {"usage": None, "timings": {"prompt_n": 36, "cache_n": 64, "predicted_n": 50}},
        "cached in the timings": {"timings": {"prompt_n": 36, "cache_n": 64, "predicted_n": 50}},
    }
    found = each(OPENAI, BODY, cases)
    assert {(row["input_tokens"], row["output_tokens"]) for row in found.values()} == {(100, 50)}
    assert [row["cache_hit_tokens"] for row in found.values()].count(64) == 2


def test_no_thinking_beside_thinking_text_is_no_count() -> None:
    usage = {**WHOLE, "completion_tokens_details": {"reasoning_tokens": 0}}
    said = {
        "reasoning_content": {"content": "Yes.", "reasoning_content": "Hm."}, "reasoning": {"reasoning": "Hm."},
        "inline": {"content": "Hm.</think>Yes."}, "none": {"content": "Yes.", "reasoning_content": ""},
    }  # fmt: skip
    cases = {name: {"usage": usage, "choices": [{"message": message}]} for name, message in said.items()}
    assert {name: row["thinking_tokens"] for name, row in each(OPENAI, BODY, cases).items()} == {
        "reasoning_content": None, "reasoning": None, "inline": None, "none": 0,
    }  # fmt: skip


def test_of_a_stream_the_last_usage_counts() -> None:
    chunk = {**BODY, "object": "chat.completion.chunk", "choices": [{"delta": {"content": "Y"}}], "usage": None}
    half = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    chunks = [
        chunk,
        {**chunk, "usage": half},
        {**chunk, "usage": WHOLE},
        {**chunk, "choices": [], "usage": WHOLE},
        chunk,
    ]
    other = [{**each, "id": "chatcmpl-2"} for each in chunks]
    mixed = [each for pair in zip(chunks, other, strict=True) for each in pair]
    found = read(OPENAI, [*mixed, {**BODY, "id": "chatcmpl-3"}])
    assert {row["id"]: row["output_tokens"] for row in found.rows} == {f"chatcmpl-{number}": 50 for number in (1, 2, 3)}
    assert found.traps == {}


def test_errors_are_told_and_not_summed() -> None:
    error = {"error": {"message": "no", "code": 402}}
    line = {"id": "b1", "custom_id": "q", "response": {"status_code": 429, "body": error}, "error": None}
    lost = {"id": "b2", "custom_id": "r", "response": None, "error": {"code": "batch_expired"}}
    found = read(OPENAI, [error, line, lost], BODY)
    assert (list(found.rows), found.traps["error_body"]) == ([], 3)
    assert read(OPENAI, [{**BODY, "error": None}]).row["output_tokens"] == 50


def test_how_an_answer_ended() -> None:
    def ends(reason: str) -> dict[str, Any]:
        return {"choices": [{"message": {}, "finish_reason": reason}]}

    cases: dict[str, dict[str, Any]] = {
        "stop": ends("stop"), "length": ends("length"), "tools": ends("tool_calls"), "filter": ends("content_filter"),
        "no room": ends("insufficient_system_resource"), "failed": {"status": "failed"},
        "incomplete": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
    }  # fmt: skip
    assert {name: row["status"] for name, row in each(OPENAI, BODY, cases).items()} == {
        "stop": "ok", "length": "length", "tools": "ok", "filter": "ok", "no room": "failed", "failed": "failed",
        "incomplete": "length",
    }  # fmt: skip


def test_whose_bill_and_whose_model_it_is() -> None:
    cases: dict[str, dict[str, Any]] = {
        "gen-1": {"model": "deepseek/deepseek-r1", "usage": {**WHOLE, "cost": 0.01}},
        "gen-2": {"usage": {**WHOLE, "cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}},
        "a gateway's": {"usage": {**WHOLE, "cost": "0.01"}},
        "chat": {"model": "deepseek-chat"},
        "fireworks": {"model": "accounts/fireworks/models/deepseek-r1-0528"},
        "ollama": {"model": "deepseek-r1:32b"},
        "file": {"model": "/models/R1-Q4_K_M.gguf"},
        "anyone": {"model": "deepseek-ai/DeepSeek-R1"},
    }
    found = each(OPENAI, BODY, cases)
    assert {name: row["provider"] for name, row in found.items()} == {
        "gen-1": "openrouter", "gen-2": "openrouter", "a gateway's": "deepseek", "chat": "deepseek",
        "fireworks": "fireworks", "ollama": "local", "file": "local", "anyone": "unknown",
    }  # fmt: skip
    cent = Decimal("0.01")
    bills = {name: (row["reported_usd"], row["tool_usd"]) for name, row in found.items()}
    assert {name: bill for name, bill in bills.items() if any(bill)} == {
        "gen-1": (cent, None), "gen-2": (cent, Decimal("0.2")), "a gateway's": (None, cent),
    }  # fmt: skip
    assert {name for name, row in found.items() if "unknown_provider" in row["traps"]} == {"anyone"}


def test_a_batchs_output_is_the_body_within_it() -> None:
    line = {"id": "batch_req_1", "custom_id": "q", "response": {"status_code": 200, "body": dict(BODY)}, "error": None}
    found = read(OPENAI, [line])
    assert (found.row["id"], found.row["input_tokens"], found.traps) == ("chatcmpl-1", 100, {"batch": 1})


def test_buckets_are_sums_of_their_span() -> None:
    result = {
        "object": "organization.usage.completions.result", "input_tokens": 100, "input_cached_tokens": 64,
        "output_tokens": 50, "num_model_requests": 7, "project_id": "p", "user_id": "u", "api_key_id": None,
        "model": "gpt-5", "batch": None,
    }  # fmt: skip
    cost = {"object": "organization.costs.result", "amount": {"value": 0.06, "currency": "usd"}, "line_item": "Models"}
    other = {"object": "organization.usage.embeddings.result", "input_tokens": 5}
    bucket = {
        "object": "bucket", "start_time": 1782604800, "end_time": 1782608400,
        "results": [result, {**result, "model": "gpt-6", "batch": True}, cost, other],
    }  # fmt: skip
    found = read(OPENAI, [bucket, {**bucket, "results": []}])
    first, second, money = found.rows
    assert (first["started_us"], first["span_us"], first["requests"]) == (1_782_604_800_000_000, 3_600_000_000, 7)
    assert _counted(first) == (100, 64, 50, None, ())
    assert second["traps"] == ("batch",)
    assert (money["reported_usd"], money["currency"], money["requests"], money["input_tokens"]) == (
        Decimal("0.06"),
        "USD",
        None,
        None,
    )
    assert (len({row["id"] for row in found.rows}), found.traps) == (3, {"batch": 1, "not_chat": 1})
