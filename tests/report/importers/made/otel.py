"""Spans of the GenAI conventions with every trap: semconv 0.66b2, older names, Sentry's and Strands' dialects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from tests.report.importers.made.truth import Counts, Made, Truth, counts, later, micros, moment

AGENTS = ("invoke_agent", "create_agent", "execute_tool", "chain")


def spans(random: Random, number: int) -> Iterator[Made]:
    """`number` calls of a model, and around some of them what repeats their usage; the record is one span of OTLP."""
    for index in range(number):
        yield from _family(random, index)


def otlp(made: Sequence[Made]) -> Mapping[str, Any]:
    """The spans in one document as a collector writes it."""
    resource = {"attributes": [attribute("service.name", "shop")]}
    half = len(made) // 2
    return {
        "resourceSpans": [
            {"resource": resource, "scopeSpans": [{"scope": {"name": "a"}, "spans": [each.record for each in part]}]}
            for part in (made[:half], made[half:])
        ]
    }


def attribute(key: str, value: object) -> dict[str, Any]:
    """As OTLP's JSON has it: whole numbers are texts."""
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    if isinstance(value, float):
        return {"key": key, "value": {"doubleValue": value}}
    if isinstance(value, list):
        return {"key": key, "value": {"arrayValue": {"values": [{"stringValue": each} for each in value]}}}
    return {"key": key, "value": {"stringValue": value}}


def usage(random: Random, used: Counts) -> tuple[dict[str, Any], bool, bool]:
    """Attributes in a dialect; whether cached tokens stand beside input, and whether cached and thinking are known."""
    prefix = "gen_ai.usage"
    match random.randrange(5):
        case 0:
            return {
                f"{prefix}.input_tokens": used.input, f"{prefix}.output_tokens": used.output,
                f"{prefix}.cache_read.input_tokens": used.hit, f"{prefix}.reasoning.output_tokens": used.thinking,
            }, False, True  # fmt: skip
        case 1:
            return {
                f"{prefix}.input_tokens": float(used.input), f"{prefix}.output_tokens": float(used.output),
                f"{prefix}.input_tokens.cached": used.hit, f"{prefix}.output_tokens.reasoning": used.thinking,
                f"{prefix}.total_tokens": used.total,
            }, False, True  # fmt: skip
        case 2:
            return {f"{prefix}.prompt_tokens": used.input, f"{prefix}.completion_tokens": used.output}, False, False
        case 3:  # old and new names at once: one number, not two
            return {
                f"{prefix}.input_tokens": used.input, f"{prefix}.prompt_tokens": used.input,
                f"{prefix}.output_tokens": used.output, f"{prefix}.completion_tokens": used.output,
            }, False, False  # fmt: skip
        case _:
            return {
                f"{prefix}.input_tokens": used.input - used.hit, f"{prefix}.output_tokens": used.output,
                f"{prefix}.cache_read_input_tokens": used.hit, f"{prefix}.total_tokens": used.total,
                f"{prefix}.reasoning_tokens": used.thinking,
            }, bool(used.hit), True  # fmt: skip


def _span(
    index: int, time: tuple[int, int], own: str, outer: str, name: str, attributes: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "traceId": f"{index:032x}", "spanId": own, "parentSpanId": outer, "name": name, "kind": 3,
        "startTimeUnixNano": f"{time[0]}789", "endTimeUnixNano": f"{time[1]}012", "status": {},
        "attributes": [attribute(key, value) for key, value in attributes.items()],
    }  # fmt: skip


def _family(random: Random, index: int) -> Iterator[Made]:
    used, at = counts(random), moment(random)
    time = micros(at), micros(later(random, at))
    said, is_beside, is_known = usage(random, used)
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": random.choice(("chat", "text_completion", "generate_content")),
        random.choice(("gen_ai.provider.name", "gen_ai.system")): "deepseek",
        "gen_ai.request.model": "deepseek-chat", "gen_ai.response.model": "deepseek-v4-flash",
        "gen_ai.response.id": f"resp-{index:020d}", "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.prompt.0.content": "secret", **said,
    }  # fmt: skip
    own, outer = f"{index * 2:016x}", f"{index * 2 + 1:016x}"
    row: dict[str, Any] = {
        "id": f"{index:032x}/{own}", "provider": "deepseek", "model": "deepseek-chat", "input_tokens": used.input,
        "output_tokens": used.output, "cache_hit_tokens": used.hit if is_known else None,
        "thinking_tokens": used.thinking if is_known else None, "started_us": time[0], "ended_us": time[1],
    }  # fmt: skip
    traps: list[str] = ["cached_beside_input"] if is_beside else []
    status: dict[str, Any] = {}
    match random.randrange(10):
        case 0:
            around = attributes | {"gen_ai.operation.name": random.choice(AGENTS)}
            yield Made(record=_span(index, time, outer, "", "agent", around), traps=("repeats_children",))
        case 1:
            yield Made(record=_span(index, time, outer, "", "chat outer", attributes), traps=("repeats_children",))
        case 2:
            yield Made(record=_span(index, time, outer, "", "GET /answer", {"http.request.method": "GET"}))
        case 3:
            attributes["gen_ai.operation.name"] = "embeddings"
            yield Made(record=_span(index, time, own, outer, "embeddings", attributes), traps=("not_chat",))
            return
        case 4:
            attributes["gen_ai.response.finish_reasons"], row["status"] = ["length"], "length"
        case 5:
            status, row["status"] = {"code": 2, "message": "boom"}, "failed"
        case 6:  # the name of the span says what the attributes do not
            del attributes["gen_ai.operation.name"]
        case 7:
            attributes["gen_ai.usage.total_tokens"] = used.total * 3 + 1
            row |= {
                "cache_hit_tokens": None,
                "thinking_tokens": None,
                "input_tokens": used.input - used.hit * is_beside,
            }
            traps = ["counts_contradict"]
    span = _span(index, time, own, outer, "chat deepseek-chat", attributes)
    yield Made(record=span | {"status": status}, truth=Truth(**row), traps=tuple(traps))
