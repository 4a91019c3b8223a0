from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from r1plan.report.importers.agents.dsh import DSH
from tests.report.importers.made import dsh
from tests.report.importers.reading import read
from tests.report.importers.test_made import compare

HEADER: Mapping[str, Any] = {
    "type": "session", "version": 0, "id": "s1", "createdAt": 1783352050748, "cwd": "/home/me/atlas",
}  # fmt: skip
# The second step of dsh's own example of a turn.
USAGE: Mapping[str, Any] = {"inputTokens": 168, "outputTokens": 25, "cacheReadTokens": 2816, "reasoningTokens": 22}


def _message(seq: int, **other: Any) -> dict[str, Any]:
    source = {"kind": "model", "provider": "deepseek-official", "model": "deepseek-v4-flash"}
    return {
        "type": "assistant/message", "seq": seq, "time": 1783352052780 + seq,
        "data": {"turn": 1, "step": seq, "message": {"id": f"m{seq}", "source": source}, "usage": USAGE} | other,
    }  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_of_a_fork_its_own_steps_count(seed: int) -> None:
    made = dsh.session(Random(seed), 100, seed=200)
    found = read(DSH, [each.record for each in made])
    compare(found, made)
    assert found.traps["fork_copy"] > 9


def test_a_session_of_another_format_is_told_and_not_read() -> None:
    found = read(DSH, [each.record for each in dsh.session(Random(1), 100, version=1)])
    assert (list(found.rows), found.traps) == ([], {"unknown_version": 100})


def test_the_example_is_read_with_thinking_within_output_and_what_was_cached_beside_input() -> None:
    row = read(DSH, [HEADER, _message(2)]).row
    assert (row["input_tokens"], row["cache_hit_tokens"]) == (2984, 2816)
    assert (row["output_tokens"], row["thinking_tokens"]) == (25, 22)
    assert (row["provider"], row["model"], row["project"], row["conversation"]) == (
        "deepseek", "deepseek-v4-flash", "atlas", "s1",
    )  # fmt: skip


def test_a_fork_without_a_seed_and_a_seed_without_a_parent_lose_nothing() -> None:
    for more in ({"parentSession": "s0"}, {"seedLength": 9}, {"parentSession": "s0", "seedLength": 0}):
        assert len(read(DSH, [{**HEADER, **more}, _message(1), _message(2)]).rows) == 2
    found = read(DSH, [{**HEADER, "parentSession": "s0", "seedLength": 2}, _message(1), _message(2), _message(3)])
    assert ({row["id"] for row in found.rows}, found.traps["fork_copy"]) == ({"m2", "m3"}, 1)


def test_a_call_starts_with_its_step_where_that_is_near() -> None:
    def start(before_ms: int) -> dict[str, Any]:
        return {"type": "step/start", "seq": 0, "time": 1783352052781 - before_ms, "data": {"turn": 1, "step": 1}}

    near = read(DSH, [HEADER, start(1500), _message(1)]).row
    assert near["ended_us"] - near["started_us"] == 1_500_000
    far = read(DSH, [HEADER, start(86_400_000), _message(1)]).row
    assert far["ended_us"] == far["started_us"]


def test_two_sessions_in_one_stream_keep_their_own_steps() -> None:
    lines = [HEADER, _message(1), {**HEADER, "id": "s2", "cwd": "/home/me/beta"}]
    broken = {"type": "assistant/chunk", "seq": 1, "time": 1783352052781}
    broken["data"] = {"turn": 1, "step": 1, "chunk": {"type": "usage", "usage": USAGE}}
    found = read(DSH, [*lines, broken])
    assert {(row["id"], row["project"]) for row in found.rows} == {("m1", "atlas"), ("s2/1/1", "beta")}
