"""Lines of Claude Code's sessions, with every trap: blocks of one answer, resumed sessions, false zeros, errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.report.importers.made.truth import Made, Truth, counts, micros, moment, plain, usd

MODELS: Mapping[str, str] = {
    "deepseek-chat": "deepseek", "deepseek-reasoner": "deepseek", "deepseek-v4-flash": "deepseek",
    "deepseek/deepseek-v4-pro": "openrouter", "claude-haiku-4-5-20251001": "anthropic", "glm-4.6": "unknown",
}  # fmt: skip
VERSIONS = ("1.0.51", "2.0.14", "2.1.234", "2.1.235", "2.1.300", "2.2.0", "3.0.1")


def lines(random: Random, number: int) -> list[Made]:
    """`number` questions with the lines of their answers; then a resumed session, which repeats some."""
    made = [each for index in range(number) for each in _turn(random, index)]
    repeated = [
        Made(record={**each.record, "sessionId": "s-resumed"}) for each in made if each.record["sessionId"] == "s1"
    ]
    return [*made, *repeated[:30]]


def _turn(random: Random, index: int) -> Iterator[Made]:
    used, model = counts(random), random.choice(list(MODELS))
    version, at = random.choice(VERSIONS), moment(random)
    line: dict[str, Any] = {
        "parentUuid": f"u{index}", "isSidechain": random.random() < 0.2, "userType": "external",
        "cwd": "/home/me/atlas", "sessionId": f"s{index % 4}", "version": version, "gitBranch": "main",
    }  # fmt: skip
    yield Made(
        record=line | {
            "type": "user", "uuid": f"u{index}", "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "message": {"role": "user", "content": "secret prompt"},
        }
    )  # fmt: skip
    usage: dict[str, Any] = {
        "input_tokens": used.input - used.hit, "cache_creation_input_tokens": 0, "cache_read_input_tokens": used.hit,
        "output_tokens": used.output, "service_tier": "standard",
    }  # fmt: skip
    identity = f"{index:08d}-0000-message"
    row: dict[str, Any] = {
        "id": identity, "provider": MODELS[model], "model": model, "input_tokens": used.input,
        "output_tokens": used.output, "cache_hit_tokens": used.hit,
    }  # fmt: skip
    is_silent = "deepseek" in model and not used.hit and VERSIONS.index(version) >= 3
    traps = ["unknown_provider"] if MODELS[model] == "unknown" else []
    traps += ["cached_beside_input"] if used.hit else []
    if is_silent:
        traps, row["cache_hit_tokens"] = [*traps, "cache_not_logged"], None
    stop, more = "end_turn", {}
    match random.randrange(9):
        case 0:
            stop, row["status"] = "max_tokens", "length"
        case 1:  # a relay that counts nothing
            usage = dict.fromkeys(("input_tokens", "output_tokens", "cache_read_input_tokens"), 0)
            row |= {"input_tokens": None, "output_tokens": None, "cache_hit_tokens": None}
            traps = [*(trap for trap in traps if trap == "unknown_provider"), "no_usage"]
        case 2:  # an error that was shown
            told = {"id": f"e{index}", "model": "<synthetic>", "role": "assistant", "content": [], "usage": usage}
            error = line | {"type": "assistant", "uuid": f"e{index}", "message": told, "isApiErrorMessage": True}
            yield Made(record=error | {"timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"}, traps=("error_body",))
        case 3:  # "No response requested."
            told = {"id": f"n{index}", "model": "<synthetic>", "role": "assistant", "content": [], "usage": usage}
            yield Made(record=line | {"type": "assistant", "uuid": f"n{index}", "message": told, "timestamp": None})
        case 4:  # an old release reckoned its cost
            cost = usd(random)
            more, row["tool_usd"] = {"costUSD": plain(cost), "durationMs": 9}, cost
        case 5:
            cost = usd(random)
            identity = f"gen-{index}"
            usage["cost"] = plain(cost)
            row |= {"id": identity, "provider": "openrouter", "reported_usd": cost}
            traps = [trap for trap in traps if trap != "unknown_provider"]
        case 6:  # an agent's answer once more, as progress of the tool that runs it
            answer = {"type": "assistant", "message": {"id": identity, "model": model, "usage": usage}}
            yield Made(record=line | {"type": "progress", "uuid": f"p{index}", "data": {"message": answer}})
    yield from _blocks(random, at, line | more, {"id": identity, "model": model}, usage, stop, Truth(**row), traps)


def _blocks(
    random: Random,
    at: datetime,
    line: Mapping[str, Any],
    message: Mapping[str, Any],
    usage: Mapping[str, Any],
    stop: str,
    truth: Truth,
    traps: list[str],
) -> Iterator[Made]:
    """The lines of one answer, a block each: the first with little of the usage, the last with all of it."""
    blocks, index = random.randint(1, 4), truth.id
    told = [at + timedelta(milliseconds=random.randint(0, 900_000)) for _ in range(blocks)]
    truth = replace(truth, started_us=micros(min(told)), ended_us=micros(max(told)))
    for number in range(blocks):
        is_last = number == blocks - 1
        said = dict(usage)
        if not is_last:
            said["output_tokens"] = min(usage["output_tokens"], number + 1)
        body = {
            **message, "type": "message", "role": "assistant", "usage": said, "stop_reason": stop if is_last else None,
            "content": [{"type": "text", "text": "secret answer"}],
        }  # fmt: skip
        record = {
            **line, "type": "assistant", "uuid": f"a{index}-{number}", "message": body,
            "timestamp": f"{told[number]:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        }  # fmt: skip
        # DeepSeek sends no request id.
        if truth.provider == "anthropic":
            record["requestId"] = f"req_{index}"
        yield Made(record=record, truth=truth if is_last else None, traps=tuple(traps) if is_last else ())
