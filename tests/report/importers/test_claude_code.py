from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from r1plan.report.importers.agents.claude_code import CLAUDE_CODE
from tests.report.importers.reading import each, read

USAGE: Mapping[str, Any] = {
    "input_tokens": 36, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 64, "output_tokens": 50,
}  # fmt: skip
LINE: Mapping[str, Any] = {
    "type": "assistant", "uuid": "a1", "parentUuid": "u1", "sessionId": "s1", "version": "2.1.234",
    "isSidechain": False, "cwd": "/home/me/atlas", "timestamp": "2026-07-08T09:10:11.123Z",
    "message": {"id": "m1", "model": "deepseek-chat", "role": "assistant", "usage": USAGE, "stop_reason": "end_turn"},
}  # fmt: skip


def _line(number: int, **message: Any) -> dict[str, Any]:
    return {**LINE, "uuid": f"a{number}", "message": {**LINE["message"], **message}}


def test_of_the_lines_of_an_answer_that_with_the_whole_usage_counts() -> None:
    partial = {**USAGE, "output_tokens": 1}
    lines = [
        _line(1, usage=partial, stop_reason=None), _line(2, usage=None, stop_reason=None), _line(3),
        _line(4, usage=partial, stop_reason=None), {**LINE, "type": "user", "message": {"role": "user"}, "uuid": "u2"},
    ]  # fmt: skip
    lines[0]["timestamp"], lines[2]["timestamp"] = "2026-07-08T09:10:10.123Z", "2026-07-08T09:10:14.123Z"
    found = read(CLAUDE_CODE, lines)
    assert (found.row["output_tokens"], found.skipped, found.row["status"]) == (50, 4, "ok")
    assert found.row["ended_us"] - found.row["started_us"] == 4_000_000


def test_what_the_cache_read_and_wrote_is_beside_the_input() -> None:
    usages: dict[str, dict[str, Any]] = {
        "both": {"cache_creation_input_tokens": 6},
        "neither": {"cache_read_input_tokens": 0},
        "not said": {"cache_read_input_tokens": None, "cache_creation_input_tokens": None},
        "all": {"input_tokens": 0},
    }
    cases = {
        name: {"message": {**LINE["message"], "id": name, "usage": {**USAGE, **said}}} for name, said in usages.items()
    }
    found = each(CLAUDE_CODE, LINE, cases, "uuid")
    assert {name: (row["input_tokens"], row["cache_hit_tokens"]) for name, row in found.items()} == {
        "both": (106, 64), "neither": (36, 0), "not said": (36, None), "all": (64, 64),
    }  # fmt: skip


def test_no_hit_of_deepseek_is_unknown_since_nothing_is_written_of_it() -> None:
    silent = {**USAGE, "cache_read_input_tokens": 0}
    versions = ("1.0.99", "2.0.300", "2.1.99", "2.1.234", "2.1.235", "2.1.235-beta", "2.2.0", "10.0.0", "", None)
    cases = {
        str(version): {"version": version, "message": {**LINE["message"], "id": str(version), "usage": silent}}
        for version in versions
    }
    found = each(CLAUDE_CODE, LINE, cases, "uuid")
    unknown = {"2.1.235", "2.1.235-beta", "2.2.0", "10.0.0"}
    assert {name for name, row in found.items() if row["cache_hit_tokens"] is None} == unknown
    assert {name for name, row in found.items() if row["traps"] == ("cache_not_logged",)} == unknown
    other = {"version": "2.1.235", "message": {**LINE["message"], "model": "claude-opus-4-8", "usage": silent}}
    assert read(CLAUDE_CODE, [{**LINE, **other}]).row["cache_hit_tokens"] == 0


def test_lines_that_are_no_answer_are_nobodys_loss() -> None:
    others: list[dict[str, Any]] = [
        {"type": "summary", "summary": "x", "leafUuid": "a1"},
        {"type": "file-history-snapshot", "messageId": "m1", "snapshot": {}, "isSnapshotUpdate": False},
        {"type": "queue-operation", "operation": "enqueue", "timestamp": "2026-07-08T09:10:11.123Z", "sessionId": "s1"},
        {"type": "system", "uuid": "x1", "parentUuid": "a1", "sessionId": "s1", "subtype": "turn_duration"},
        {**LINE, "type": "user", "message": {"role": "user", "content": "x"}},
    ]
    for record in others:
        found = read(CLAUDE_CODE, [record])
        assert (list(found.rows), found.traps, found.skipped) == ([], {}, 1)
    assert len(read(CLAUDE_CODE, [*others, LINE]).rows) == 1


def test_a_model_is_named_without_the_length_of_its_context() -> None:
    row = read(CLAUDE_CODE, [_line(1, model="deepseek-v4-pro[1m]")]).row
    assert (row["model"], row["provider"]) == ("deepseek-v4-pro", "deepseek")


def test_the_project_is_the_folders_name_and_no_path() -> None:
    cases: dict[str, dict[str, Any]] = {
        name: {"cwd": cwd, "message": {**LINE["message"], "id": name}}
        for name, cwd in (("atlas", "/home/me/atlas"), ("beta", "C:\\Users\\me\\beta"), ("c d", "/home/me/c d/"))
    }
    assert {name: row["project"] for name, row in each(CLAUDE_CODE, LINE, cases, "uuid").items()} == {
        name: name for name in cases
    }
