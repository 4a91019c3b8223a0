"""OpenRouter's log, generations and activity with every trap, after openrouter 1.3.84 and the export's header."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.report.importers.made.truth import Made, Truth, counts, micros, moment, plain, spelled, usd

MODELS = (
    ("deepseek/deepseek-r1", "deepseek/deepseek-r1"),
    ("deepseek/deepseek-v4-flash-20260910", "deepseek/deepseek-v4-flash"),
)


def log(random: Random, number: int) -> Iterator[Made]:
    """Lines of the exported CSV, whose every value is a text."""
    for index in range(number):
        used, bill, slug = counts(random), usd(random), random.choice(MODELS)
        at, lasted_ms = moment(random), random.choice((0, random.randint(0, 90_000), random.randint(0, 3_600_000)))
        record: dict[str, Any] = {
            "generation_id": f"gen-1782618417-{index:020d}", "created_at": spelled(random, at),
            "cost_total": format(bill, "f"), "cost_web_search": "0", "cost_cache": "-0.001",
            "cost_file_processing": "0",
            "byok_usage_inference": "0", "tokens_prompt": str(used.input), "tokens_completion": str(used.output),
            "tokens_reasoning": str(used.thinking), "tokens_cached": str(used.hit), "model_permaslug": slug[0],
            "provider_name": "DeepInfra", "variant": "standard", "cancelled": "false", "streamed": "true", "user": "u9",
            "finish_reason_raw": "stop", "finish_reason_normalized": "stop", "generation_time_ms": str(lasted_ms),
            "time_to_first_token_ms": "812.5", "api_key_disabled": "false", "api_key_name": "ci", "app_name": "bot",
        }  # fmt: skip
        row: dict[str, Any] = {
            "id": record["generation_id"], "provider": "openrouter", "model": slug[1], "input_tokens": used.input,
            "output_tokens": used.output, "cache_hit_tokens": used.hit, "thinking_tokens": used.thinking,
            "reported_usd": bill, "started_us": micros(at), "ended_us": micros(at + timedelta(milliseconds=lasted_ms)),
            "first_token_us": micros(at) + 812_500,
        }  # fmt: skip
        traps: tuple[str, ...] = ()
        match random.randrange(10):
            case 0:
                upstream = usd(random) + 1
                record["byok_usage_inference"] = format(upstream, "f")
                row["tool_usd"] = upstream
                traps = ("billed_elsewhere",)
            case 1:
                record["cancelled"], row["status"], traps = "true", "aborted", ("cancelled",)
            case 2:
                record["finish_reason_normalized"], row["status"] = "length", "length"
            case 3:
                record["variant"] = "free"
                row["model"] += ":free"
            case 4:
                record["tokens_reasoning"] = str(used.output + 1)
                row |= {"cache_hit_tokens": None, "thinking_tokens": None}
                traps = ("counts_contradict",)
        yield Made(record=record, truth=Truth(**row), traps=traps)


def generations(random: Random, number: int) -> Iterator[Made]:
    """What GET /generation gives for each id, out of its envelope."""
    for index in range(number):
        used, bill, slug = counts(random), usd(random), random.choice(MODELS)
        at, lasted_ms = moment(random), random.choice((0, random.randint(0, 90_000), random.randint(0, 3_600_000)))
        record: dict[str, Any] = {
            "id": f"gen-1782618417-{index:020d}", "upstream_id": "chatcmpl-1", "created_at": spelled(random, at),
            "total_cost": plain(bill), "usage": plain(bill), "cache_discount": 0.5, "upstream_inference_cost": 0,
            "model": slug[0], "app_id": 7, "streamed": True, "cancelled": False, "provider_name": "Novita",
            "latency": 400, "moderation_latency": None, "generation_time": lasted_ms, "finish_reason": "stop",
            "native_finish_reason": "stop", "is_byok": False, "router": None, "external_user": "e@example.org",
            # As OpenRouter's own tokenizer counts, which nobody bills.
            "tokens_prompt": used.input + 11, "tokens_completion": used.output + 13,
            "native_tokens_prompt": used.input, "native_tokens_completion": used.output,
            "native_tokens_reasoning": used.thinking, "native_tokens_cached": used.hit,
        }  # fmt: skip
        row: dict[str, Any] = {
            "id": record["id"], "provider": "openrouter", "model": slug[1], "input_tokens": used.input,
            "output_tokens": used.output, "cache_hit_tokens": used.hit, "thinking_tokens": used.thinking,
            "reported_usd": bill, "started_us": micros(at), "ended_us": micros(at + timedelta(milliseconds=lasted_ms)),
            "first_token_us": micros(at) + 400_000,
        }  # fmt: skip
        traps: tuple[str, ...] = ()
        match random.randrange(9):
            case 0:
                upstream = usd(random) + 1
                record |= {"is_byok": True, "upstream_inference_cost": plain(upstream)}
                row["tool_usd"] = upstream
                traps = ("billed_elsewhere",)
            case 1:
                record |= {"cancelled": True, "finish_reason": None}
                row["status"], traps = "aborted", ("cancelled",)
            case 2:
                record |= {"native_tokens_prompt": None, "native_tokens_completion": None}
                row |= {"input_tokens": used.input + 11, "output_tokens": used.output + 13, "is_guessed": True}
                row |= {"cache_hit_tokens": None, "thinking_tokens": None}
                traps = ("not_native_tokens",)
            case 3:
                record["native_tokens_cached"] = used.input + 1
                row |= {"cache_hit_tokens": None, "thinking_tokens": None}
                traps = ("counts_contradict",)
            case 4:
                record["total_cost"] = None
            case 5:
                record |= {"native_tokens_cached": None, "native_tokens_reasoning": None}
                row |= {"cache_hit_tokens": None, "thinking_tokens": None}
        yield Made(record=record, truth=Truth(**row), traps=traps)


def activity(random: Random, number: int) -> Iterator[Made]:
    """Days of /activity: sums of a model at an endpoint."""
    for index in range(number):
        used, bill, slug = counts(random), usd(random), random.choice(MODELS)
        day = moment(random).replace(hour=0, minute=0, second=0, microsecond=0)
        requests, upstream = random.randint(1, 900), random.choice((Decimal(0), usd(random) + 1))
        record: dict[str, Any] = {
            "date": day.strftime(random.choice(("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"))), "model": slug[1], "model_permaslug": slug[0],
            "endpoint_id": f"e-{index}", "provider_name": "Novita", "workspace_id": None, "usage": plain(bill),
            "byok_usage_inference": float(upstream), "requests": requests, "prompt_tokens": used.input,
            "completion_tokens": used.output, "reasoning_tokens": used.thinking,
        }  # fmt: skip
        is_new = random.random() < 0.5
        if is_new:
            record["cached_tokens"] = used.hit
        row = Truth(
            id="", provider="openrouter", model=slug[1], requests=requests, input_tokens=used.input,
            output_tokens=used.output, cache_hit_tokens=used.hit if is_new else None, thinking_tokens=used.thinking,
            reported_usd=bill, tool_usd=upstream or None, started_us=micros(day), span_us=86_400_000_000,
        )  # fmt: skip
        yield Made(record=record, truth=row, traps=("billed_elsewhere",) if upstream else ())
