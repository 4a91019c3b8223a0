from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from r1plan.report.importers.agents.opencode import OPENCODE
from tests.report.importers.made import opencode
from tests.report.importers.made.opencode import Message
from tests.report.importers.made.truth import Made
from tests.report.importers.reading import Read, each, read, read_sqlite
from tests.report.importers.test_made import compare

ROW: Mapping[str, Any] = {
    "id": "msg_1", "sessionID": "ses_1", "role": "assistant", "time": {"created": 1783501811123},
    "modelID": "deepseek-reasoner", "providerID": "deepseek", "path": {"cwd": "/home/me/atlas/src", "root": "/"},
    "cost": 0, "tokens": {"input": 36, "output": 20, "reasoning": 30, "cache": {"read": 64, "write": 0}},
}  # fmt: skip
# tokens -> input, cached, output, thinking, traps
BESIDE, ODD = ("cached_beside_input",), ("counts_contradict",)
TOKENS: Mapping[str, tuple[Mapping[str, Any], tuple[Any, ...]]] = {
    "beside, nothing else can be": ({}, (100, 64, 50, 30, BESIDE)),
    "beside, nobody says": ({"output": 40}, (100, 64, 70, 30, (*BESIDE, "thinking_unclear"))),
    "beside, says the total": ({"output": 40, "total": 170}, (100, 64, 70, 30, BESIDE)),
    "within, says the total": ({"output": 40, "total": 140}, (100, 64, 40, 30, BESIDE)),
    "neither": ({"total": 151}, (100, None, 50, None, (*ODD, *BESIDE))),
    "no thinking": ({"reasoning": 0}, (100, 64, 20, 0, BESIDE)),
    "all cached": ({"input": 0}, (64, 64, 50, 30, BESIDE)),
    "stored too": ({"cache": {"read": 64, "write": 6}}, (106, 64, 50, 30, BESIDE)),
    "cached taken off twice": ({"input": -28}, (100, 64, 50, 30, BESIDE)),
    "more thinking than output": ({"output": -10}, (100, None, 20, None, (*ODD, *BESIDE))),
}


def _counted(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        row[name] for name in ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "traps")
    )


def test_cached_tokens_are_beside_input_and_thinking_where_the_total_says() -> None:
    said: Mapping[str, Any] = ROW["tokens"]
    found = each(OPENCODE, ROW, {name: {"tokens": {**said, **changes}} for name, (changes, _) in TOKENS.items()})
    assert {name: _counted(row) for name, row in found.items()} == {
        name: wanted for name, (_, wanted) in TOKENS.items()
    }


def test_a_message_of_the_first_releases_is_read() -> None:
    about = {name: ROW[name] for name in ("modelID", "providerID", "path", "cost", "tokens")}
    old = {
        "id": "msg_1", "role": "assistant", "parts": [],
        "metadata": {"time": ROW["time"], "sessionID": "ses_1", "tool": {}, "assistant": about},
    }  # fmt: skip
    assert read(OPENCODE, [old]).row == read(OPENCODE, [ROW]).row


def test_the_project_is_the_folders_name_and_no_path() -> None:
    cases: dict[str, dict[str, Any]] = {
        "src": {"path": {"cwd": "/home/me/atlas/src", "root": "/"}},
        "atlas": {"path": {"cwd": "/home/me/atlas/src", "root": "/home/me/atlas"}},
        "beta": {"path": {"cwd": "C:\\Users\\me\\beta\\", "root": "/"}},
    }
    assert {name: row["project"] for name, row in each(OPENCODE, ROW, cases).items()} == {name: name for name in cases}


def test_the_model_says_who_sold_it_where_the_message_does_not() -> None:
    cases: dict[str, dict[str, Any]] = {
        "deepseek": {}, "local": {"modelID": "deepseek-r1:8b"}, "unknown": {"modelID": "r1"},
        "openrouter": {"modelID": None, "model": {"providerID": "openrouter", "modelID": "deepseek/deepseek-r1"}},
    }  # fmt: skip
    found = each(OPENCODE, {**ROW, "providerID": None}, cases)
    assert {name: row["provider"] for name, row in found.items()} == {name: name for name in cases}
    assert {name for name, row in found.items() if "unknown_provider" in row["traps"]} == {"unknown"}


def test_parts_and_sessions_of_the_json_storage_are_nobodys_loss() -> None:
    part = {"id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", "type": "step-finish", "tokens": ROW["tokens"]}
    session = {"id": "ses_1", "projectID": "p", "directory": "/home/me", "title": "x", "version": "1", "time": {}}
    for record in (part, session):
        found = read(OPENCODE, [record])
        assert (list(found.rows), found.traps, found.skipped) == ([], {}, 1)


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return opencode.messages(Random(5), 250)


def _made(messages: Sequence[Message]) -> list[Made]:
    return [made for message in messages for made in message.made]


def _one_session(messages: Sequence[Message]) -> list[Message]:
    return [message for message in messages if message.session != "ses_fork"]


def test_every_call_of_a_database_is_a_row_and_a_fork_adds_none(messages: list[Message]) -> None:
    compare(read_sqlite(OPENCODE, opencode.database(messages)), _made(messages))


def test_an_export_is_read_as_the_database(messages: list[Message]) -> None:
    own = _one_session(messages)
    compare(read(OPENCODE, [message.exported() for message in own]), _made(own))


def test_the_same_call_has_one_id_in_a_file_a_fork_an_export_and_the_database(messages: list[Message]) -> None:
    def ids(found: Read) -> set[str]:
        return {row["id"] for row in found.rows}

    made = _one_session(messages)
    forked = [
        replace(message, id=f"msg_z{message.id}", session="ses_f")
        for message in made
        if "completed" in message.data["time"]
    ]
    stored = ids(read_sqlite(OPENCODE, opencode.database(made)))
    assert stored == ids(read(OPENCODE, [message.exported() for message in made]))
    # Of a message with several steps its file knows the last alone.
    filed = ids(read(OPENCODE, [message.file() for message in made]))
    assert len(stored - filed) == sum(max(len(message.made) - 1, 0) for message in made)
    assert stored > filed > ids(read(OPENCODE, [message.file() for message in forked]))


def test_a_database_without_parts_is_read_by_its_messages(messages: list[Message]) -> None:
    database = opencode.database(messages)
    database.executescript("DROP TABLE part; DROP TABLE session")
    found = read_sqlite(OPENCODE, database)
    assert len(found.rows) == sum(len(message.made) > 0 for message in _one_session(messages))


def test_a_message_that_is_no_json_is_told_and_the_others_are_read() -> None:
    database: sqlite3.Connection = opencode.database(
        [Message("msg_1", "ses_1", {name: ROW[name] for name in ROW if name not in ("id", "sessionID")})]
    )
    database.execute("INSERT INTO message VALUES ('msg_2', 'ses_1', 1, 1, '{torn')")
    found = read_sqlite(OPENCODE, database)
    assert (found.row["input_tokens"], found.traps["unreadable_line"]) == (100, 1)
