"""A session's log of dsh, after its example of a turn: steps told twice, packed deltas, forks that replay, other formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from tests.report.importers.made.truth import Made, Truth, counts, micros, moment

START = 1_783_352_050_748


def session(random: Random, number: int, identity: str = "s1", *, seed: int = 0, version: int = 0) -> list[Made]:
    """A session of `number` steps; the events below `seed` are a parent's."""
    header: dict[str, Any] = {
        "type": "session", "version": version, "id": identity, "createdAt": START, "cwd": "/home/me/atlas",
        "delegationDepth": 0,
    }  # fmt: skip
    if seed:
        header |= {"parentSession": "s0", "seedLength": seed}
    made = [Made(record=header)]
    seq, began = 0, None
    for index in range(number):
        at = moment(random)
        for event in _step(random, identity, index):
            time, at = at, at + timedelta(milliseconds=random.choice((0, 1, 700, 90_000)))
            if event.record["type"] == "step/start":
                began = time
            elif seq == seed:
                began = None  # the step began in the parent
            if event.truth:
                truth = replace(event.truth, started_us=micros(began or time), ended_us=micros(time))
                event = Made(record=event.record, truth=truth, traps=event.traps)
            trap = "fork_copy" if seq < seed else "unknown_version" if version else None
            if trap and event.truth:
                event = Made(record=event.record, traps=(trap,))
            made.append(
                Made(
                    record={"seq": seq, "time": micros(time) // 1000, **event.record},
                    truth=event.truth,
                    traps=event.traps,
                )
            )
            seq += 1
    return made


def _step(random: Random, identity: str, index: int) -> Iterator[Made]:
    """The events of a step, all of one turn a step, but every third asks anew with another model."""
    used = counts(random)
    at = {"turn": 1 + index // 3, "step": 1 + index % 3}
    asked, served = random.choice((("deepseek-v4-flash", "deepseek-v4-flash"), ("deepseek-chat", "deepseek-v4-flash")))
    if at["step"] == 1:
        yield _event("turn/start", {"turn": at["turn"]})
    yield _event("step/start", at)
    yield _event(
        "request/header", {"header": {"config": {"provider": "deepseek-official", "model": asked}, "system": "secret"}}
    )
    yield Made(record={"type": "reasoning-chunks", "seq0": 1, "time0": START, "data": {**at, "texts": ["secret"]}})
    usage: dict[str, Any] = {
        "inputTokens": used.input - used.hit, "outputTokens": used.output, "cacheReadTokens": used.hit,
        "reasoningTokens": used.thinking,
    }  # fmt: skip
    row: dict[str, Any] = {
        "id": f"m-{identity}-{index}", "provider": "deepseek", "model": asked, "input_tokens": used.input,
        "output_tokens": used.output, "cache_hit_tokens": used.hit, "thinking_tokens": used.thinking,
    }  # fmt: skip
    traps = ["cached_beside_input"] if used.hit else []
    message: dict[str, Any] | None = {
        "role": "assistant", "content": [{"type": "text", "text": "secret answer"}], "id": row["id"],
        "source": {"kind": "model", "provider": "deepseek-official", "model": served},
    }  # fmt: skip
    sample, ends = dict(usage), "stop"
    match random.randrange(7):
        case 0:  # the sample was early
            sample["outputTokens"] = used.output // 2
        case 1:  # it broke off: the sample is all there is
            message, row["id"] = None, f"{identity}/{at['turn']}/{at['step']}"
        case 2:
            ends, row["status"] = "length", "length"
        case 3:
            usage["reasoningTokens"] = used.output + 1
            row["thinking_tokens"], traps = None, ["counts_contradict", *traps]
        case 4:  # no cache is told
            usage = {"inputTokens": used.input, "outputTokens": used.output}
            row |= {"cache_hit_tokens": None, "thinking_tokens": None}
            traps = []
    told = Made(record={}, truth=Truth(**row), traps=tuple(traps))
    yield _event("assistant/chunk", {**at, "chunk": {"type": "usage", "usage": sample}}, None if message else told)
    yield _event("assistant/chunk", {**at, "chunk": {"type": "finish", "reason": {"kind": ends}}})
    if message:
        yield _event("assistant/message", {**at, "message": message, "usage": usage}, told)
        if random.random() < 0.2:  # a late sample
            yield _event("assistant/chunk", {**at, "chunk": {"type": "usage", "usage": sample}})
    yield _event("step/end", at)


def _event(kind: str, data: dict[str, Any], told: Made | None = None) -> Made:
    record = {"type": kind, "data": data}
    return Made(record=record, truth=told.truth, traps=told.traps) if told else Made(record=record)
