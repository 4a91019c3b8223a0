"""Langfuse's observations with every trap, after its "Blob Storage Export Field Reference"; pages write camelCase."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from tests.report.importers.made.truth import Counts, Made, Truth, counts, later, micros, moment, plain, usd


def observations(random: Random, number: int, *, camel: bool) -> Iterator[Made]:
    """`number` generations, and around some of them what repeats their usage."""
    for index in range(number):
        for made in _family(random, index):
            yield Made(
                record={_name(key, camel): _value(value, camel) for key, value in made.record.items()},
                truth=made.truth,
                traps=made.traps,
            )


def _name(name: str, camel: bool) -> str:
    if not camel:
        return name
    first, *others = {"provided_model_name": "model"}.get(name, name).split("_")
    return first + "".join(other.capitalize() for other in others)


def _value(value: Any, camel: bool) -> Any:
    # The CSV of the pages: objects as text in a text, times with a Z.
    if camel and isinstance(value, str) and value[:3] == "202":
        return value.replace(" ", "T")[:23] + "Z"
    return json.dumps(value) if camel and isinstance(value, dict) else value


def usage_details(random: Random, used: Counts) -> tuple[dict[str, int], bool, bool]:
    """In an SDK's own words with a total; whether cached tokens are beside input, and whether hits are known."""
    match random.randrange(6):
        case 0:
            return {"input": used.input, "output": used.output, "total": used.total}, False, False
        case 1:
            return {
                "input": used.input - used.hit, "output": used.output, "total": used.total,
                "input_cached_tokens": used.hit,
            }, bool(used.hit), True  # fmt: skip
        case 2:
            return {
                "input": used.input, "output": used.output, "total": used.total, "input_cached_tokens": used.hit,
            }, False, True  # fmt: skip
        case 3:
            return {
                "prompt_tokens": used.input, "completion_tokens": used.output, "total_tokens": used.total,
                "prompt_cache_hit_tokens": used.hit, "prompt_cache_miss_tokens": used.input - used.hit,
            }, False, True  # fmt: skip
        case 4:
            return {
                "input": used.input - used.hit, "output": used.output - used.thinking, "total": used.total,
                "input_cache_read": used.hit, "output_reasoning_tokens": used.thinking,
            }, bool(used.hit), True  # fmt: skip
        case _:
            return {
                "input": used.input, "output": used.output, "total": used.total, "input_cached_tokens": used.hit,
                "reasoning_tokens": used.thinking,
            }, False, True  # fmt: skip


def _family(random: Random, index: int) -> Iterator[Made]:
    used, cost, at = counts(random), usd(random), moment(random)
    over = later(random, at)
    if used.hit == used.thinking:  # then a total alone cannot say which of them is beside
        used = Counts(used.input, 0, used.output, 0)
    usage, is_beside, knows_hit = usage_details(random, used)
    knows_thinking = any("reasoning" in key for key in usage)
    identity = f"obs-{index:06d}"
    record: dict[str, Any] = {
        "id": identity, "trace_id": f"t-{index}", "project_id": "p1", "environment": "production", "type": "GENERATION",
        "parent_observation_id": "", "start_time": f"{at:%Y-%m-%d %H:%M:%S.%f}",
        "end_time": f"{over:%Y-%m-%d %H:%M:%S.%f}",
        "completion_start_time": f"{at:%Y-%m-%d %H:%M:%S.%f}", "name": "answer", "level": "DEFAULT",
        "status_message": "",
        "provided_model_name": "deepseek-reasoner", "usage_details": usage, "cost_details": {"total": plain(cost)},
        "total_cost": plain(cost), "latency": 60.0, "user_id": "user-5", "session_id": f"s{index % 4}", "metadata": {},
        "input": "secret prompt", "output": "secret answer", "tags": '["nightly"]',
    }  # fmt: skip
    row: dict[str, Any] = {
        "id": identity, "provider": "deepseek", "model": "deepseek-reasoner", "input_tokens": used.input,
        "output_tokens": used.output, "cache_hit_tokens": used.hit if knows_hit else None,
        "thinking_tokens": used.thinking if knows_thinking else None, "tool_usd": cost,
        "started_us": micros(at), "ended_us": micros(over), "first_token_us": micros(at),
    }  # fmt: skip
    traps: list[str] = ["cached_beside_input"] if is_beside else []
    match random.randrange(10):
        case 0:  # an agent around it that repeats it, and a span that does not
            yield Made(record=record | {"id": f"{identity}-agent", "type": "AGENT"}, traps=("repeats_children",))
            yield Made(record=record | {"id": f"{identity}-span", "type": "SPAN", "usage_details": {}})
        case 1:  # a generation around it that repeats it
            outer = record | {"id": f"{identity}-outer", "parent_observation_id": "root"}
            record["parent_observation_id"] = outer["id"]
            yield Made(record=outer, traps=("repeats_children",))
        case 2:
            record |= {"type": "EMBEDDING"}
            yield Made(record=record, traps=("not_chat",))
            return
        case 3:
            record |= {"level": "ERROR", "usage_details": {}, "end_time": None}
            row |= {"status": "failed", "input_tokens": None, "output_tokens": None, "ended_us": None}
            row["cost_low_usd"] = Decimal(0)
            row |= {"cache_hit_tokens": None, "thinking_tokens": None}
            traps = []
        case 4:
            record["end_time"], row["status"], row["ended_us"] = None, "started", None
        case 5:
            usage["total" if "total" in usage else "total_tokens"] = used.total * 3 + 1
            row |= {"input_tokens": usage.get("input", usage.get("prompt_tokens"))}
            row |= {"output_tokens": usage.get("output", usage.get("completion_tokens"))}
            row |= {"cache_hit_tokens": None, "thinking_tokens": None}
            traps = ["counts_contradict"]
        case 6:
            record |= {"provided_model_name": "some-new-model"}
            row |= {"provider": "unknown", "model": "some-new-model"}
            traps.append("unknown_provider")
        case 7:
            record |= {"provided_model_name": "deepseek/deepseek-r1", "metadata": {"ls_provider": "openrouter"}}
            row |= {"provider": "openrouter", "model": "deepseek/deepseek-r1"}
    yield Made(record=record, truth=Truth(**row), traps=tuple(traps))
