"""LiteLLM_SpendLogs with every trap, after `schema.prisma` and `proxy/_types.py` of litellm 1.110.2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from tests.report.importers.made.truth import Counts, Made, Truth, counts, later, micros, moment, plain, spelled, usd

# custom_llm_provider, model as logged, api_base -> provider and model of the row.
SOLD = (
    ("deepseek", "deepseek-chat", "https://api.deepseek.com", "deepseek", "deepseek-chat"),
    ("deepseek", "deepseek/deepseek-reasoner", "", "deepseek", "deepseek-reasoner"),
    ("openai", "deepseek-reasoner", "https://api.deepseek.com/v1", "deepseek", "deepseek-reasoner"),
    ("together_ai", "together_ai/deepseek-ai/DeepSeek-R1", "", "together_ai", "deepseek-ai/DeepSeek-R1"),
    ("openrouter", "openrouter/deepseek/deepseek-r1", "", "openrouter", "deepseek/deepseek-r1"),
    (None, "deepseek/deepseek-chat", None, "deepseek", "deepseek/deepseek-chat"),
)
NOT_CHAT = (
    "aembedding",
    "embedding",
    "aimage_generation",
    "atranscription",
    "aspeech",
    "arerank",
    "moderation",
    "call_mcp_tool",
)


def spend_logs(random: Random, number: int) -> Iterator[Made]:
    """`number` rows; one in two is a trap."""
    for index in range(number):
        yield _row(random, index)


def usage_object(random: Random, used: Counts) -> dict[str, Any]:
    """In one of the dialects that LiteLLM keeps."""
    usage: dict[str, Any] = {
        "prompt_tokens": used.input, "completion_tokens": used.output, "total_tokens": used.total,
        "completion_tokens_details": {"reasoning_tokens": used.thinking, "text_tokens": None},
    }  # fmt: skip
    match random.randrange(4):
        case 0:
            usage |= {"prompt_cache_hit_tokens": used.hit, "prompt_cache_miss_tokens": used.input - used.hit}
        case 1:
            usage["prompt_tokens_details"] = {"cached_tokens": used.hit, "audio_tokens": None}
        case 2:
            usage |= {"cache_read_input_tokens": used.hit, "prompt_tokens_details": None}
        case _:
            usage |= {"prompt_cache_hit_tokens": used.hit, "prompt_tokens_details": {"cached_tokens": used.hit}}
    return usage


def _row(random: Random, index: int) -> Made:
    used, spend = counts(random), usd(random)
    begun = moment(random)
    over = later(random, begun)
    seller, model, base, provider, named = random.choice(SOLD)
    metadata: dict[str, Any] = {
        "status": "success", "user_api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "user_api_key_alias": "batch-jobs", "user_api_key_user_email": "a@example.org", "attempted_retries": 0,
        "usage_object": usage_object(random, used), "cost_breakdown": {"total_cost": plain(spend)},
    }  # fmt: skip
    call = f"{index:08x}-chat"
    record: dict[str, Any] = {
        "request_id": call, "call_type": random.choice(("acompletion", "completion", "anthropic_messages",
        "aresponses")),
        "api_key": metadata["user_api_key"], "spend": plain(spend), "total_tokens": used.total,
        "prompt_tokens": used.input, "completion_tokens": used.output,
        "startTime": spelled(random, begun), "endTime": spelled(random, over),
        "completionStartTime": spelled(random, begun), "model": model, "model_group": "r1",
        "custom_llm_provider": seller, "api_base": base, "user": "u-1", "end_user": "end-7", "team_id": None,
        "cache_hit": random.choice(("False", "None", "", None, False)), "request_tags": '["team:search", "nightly"]',
        "session_id": f"s-{index % 7}", "status": "success",
    }  # fmt: skip
    row: dict[str, Any] = {
        "id": call, "provider": provider, "model": named, "input_tokens": used.input, "output_tokens": used.output,
        "cache_hit_tokens": used.hit, "thinking_tokens": used.thinking, "tool_usd": spend,
        "started_us": micros(begun), "ended_us": micros(over), "first_token_us": micros(begun),
    }  # fmt: skip
    traps: list[str] = []
    counted = True
    match random.randrange(20):
        case 0:
            record["cache_hit"] = random.choice(("True", "true", True, "t"))
            counted, traps = False, ["response_cache"]
        case 1:
            record["call_type"] = random.choice(NOT_CHAT)
            counted, traps = False, ["not_chat"]
        case 2:
            metadata["is_silent_experiment"] = True
            traps = ["silent_experiment"]
        case 3 | 4:
            record["request_id"] = row["id"] = f"{call}-attempt-{random.randrange(12)}"
            record["status"] = metadata["status"] = "failure"
            if random.random() < 0.7:  # an operator may have switched the key off
                metadata["billed_retry_attempt"] = True
            row |= {"status": "failed", "attempt_of": call, "is_guessed": True}
            traps = ["billed_retry"]
        case 5:
            record["status"] = metadata["status"] = "failure"
            metadata["error_information"] = {"error_code": "499", "error_class": "ClientDisconnected"}
            row |= {"status": "aborted", "cost_low_usd": Decimal(0), "is_guessed": True}
            traps = ["client_left"]
        case 6:
            record |= {"status": "failure", "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "spend": 0}
            metadata |= {"status": "failure", "error_information": {"error_code": "429"}, "usage_object": None}
            row |= {"status": "failed", "input_tokens": 0, "output_tokens": 0, "tool_usd": 0}
            row |= {"cache_hit_tokens": None, "thinking_tokens": None}
        case 7:
            metadata.clear()
            metadata["status"] = "success"
            row |= {"cache_hit_tokens": None, "thinking_tokens": None}
            traps = ["no_token_details"]
        case 8:
            metadata["additional_usage_values"] = metadata.pop("usage_object")
        case 9:
            metadata["usage_object"] |= {
                "prompt_cache_hit_tokens": used.hit + 1,
                "prompt_cache_miss_tokens": used.input,
            }
            row |= {"cache_hit_tokens": None, "thinking_tokens": None}
            traps = ["counts_contradict"]
        case 10:
            record["total_tokens"] = used.total + 7
            row |= {"cache_hit_tokens": None, "thinking_tokens": None}
            traps = ["counts_contradict"]
        case 11:
            record |= {"request_id": f"{call}_batch_cost", "call_type": "aretrieve_batch"}
            metadata |= {"batch_successful_requests": 40, "batch_failed_requests": 2}
            row |= {"id": f"{call}_batch_cost", "requests": 42}
            traps = ["batch"]
    record["metadata"] = metadata if index % 3 else json.dumps(metadata)
    if index % 5 == 0:  # JSON in JSON, as some dumps of a JSONB column have it
        record["metadata"] = json.dumps(json.dumps(metadata))
    return Made(record=record, truth=Truth(**row) if counted else None, traps=tuple(traps))
