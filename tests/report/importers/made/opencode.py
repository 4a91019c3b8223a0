"""Messages of opencode, after its `message-v2.ts` and `getUsage`: in its database, as files, and as it exports them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.report.importers.made.truth import Counts, Made, Truth, counts, later, micros, moment, plain, usd

SELLERS: Mapping[str, str] = {
    "deepseek": "deepseek", "openrouter": "openrouter", "fireworks-ai": "fireworks-ai", "ollama": "local",
    "lmstudio": "local", "llama.cpp": "local", "opencode": "opencode",
}  # fmt: skip
TABLES = """
    CREATE TABLE session (
        id TEXT PRIMARY KEY, project_id TEXT NOT NULL, parent_id TEXT, slug TEXT NOT NULL, directory TEXT NOT NULL,
        title TEXT NOT NULL, version TEXT NOT NULL, cost REAL NOT NULL DEFAULT 9, tokens_input INTEGER DEFAULT 999,
        time_created INTEGER, time_updated INTEGER, time_archived INTEGER
    );
    CREATE TABLE message (
        id TEXT PRIMARY KEY, session_id TEXT NOT NULL, time_created INTEGER, time_updated INTEGER, data TEXT NOT NULL
    );
    CREATE TABLE part (
        id TEXT PRIMARY KEY, message_id TEXT NOT NULL, session_id TEXT NOT NULL, time_created INTEGER,
        time_updated INTEGER, data TEXT NOT NULL
    );
"""


@dataclass(frozen=True)
class Message:
    """A message with its parts, and the calls of a model that it stands for."""

    id: str
    session: str
    data: Mapping[str, Any]
    parts: Sequence[Mapping[str, Any]] = ()
    made: Sequence[Made] = ()

    def file(self) -> dict[str, Any]:
        return {"id": self.id, "sessionID": self.session, **self.data}

    def exported(self) -> dict[str, Any]:
        owner = {"sessionID": self.session, "messageID": self.id}
        return {"info": self.file(), "parts": [{"id": f"prt_{at}", **owner, **part} for at, part in _numbered(self)]}


def _numbered(message: Message) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, part in enumerate(message.parts):
        yield f"{message.id}_{number:03d}", part


def database(messages: Sequence[Message]) -> sqlite3.Connection:
    """An `opencode.db` with these messages."""
    made = sqlite3.connect(":memory:")
    made.executescript(TABLES)
    for session in sorted({message.session for message in messages}):
        # A child session of an agent is one like others.
        made.execute(
            "INSERT INTO session (id, project_id, parent_id, slug, directory, title, version) VALUES (?,?,?,?,?,?,?)",
            (session, "p", "ses_0" if session != "ses_0" else None, "s", "/home/me/atlas", "secret title", "1.2.3"),
        )
    write = {"separators": (",", ":")}
    for message in messages:
        at = message.data["time"]["created"]
        row = (message.id, message.session, at, at, json.dumps(message.data, **write))  # type: ignore[arg-type]
        made.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)", row)
        for number, part in _numbered(message):
            text = json.dumps(part, **write)  # type: ignore[arg-type]
            made.execute(
                "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", (number, message.id, message.session, at, at, text)
            )
    return made


def tokens(random: Random, used: Counts) -> tuple[dict[str, Any], str | None]:
    """`tokens` of one release or another for the same counts, and the trap that they are."""
    fresh = {"input": used.input - used.hit, "cache": {"read": used.hit, "write": 0}}
    beside = {**fresh, "output": used.output - used.thinking, "reasoning": used.thinking}
    match random.randrange(5):
        case 0 | 1:  # today
            return {"total": used.total, **beside}, None
        case 2:  # the same, of a provider that tells no total
            # Whether thinking could be within output only more thinking than output tells.
            return beside, "thinking_unclear" if 1 <= used.thinking <= used.output - used.thinking else None
        case 3:  # older: thinking is within output, and the total tells it
            return {"total": used.total, **fresh, "output": used.output, "reasoning": used.thinking}, None
        case _:  # a count without what was cached, of which that was taken off
            if used.input - used.hit >= used.hit:
                return {"total": used.total, **beside}, None
            return {**beside, "input": used.input - used.hit - used.hit}, "below"


def messages(random: Random, number: int) -> list[Message]:
    """`number` questions with their answers, in sessions, agents' sessions and forks."""
    made = [message for index in range(number) for message in _answer(random, index)]
    # What is copied has ended.
    ended = [each for each in made if each.data["role"] == "user" or "completed" in each.data["time"]]
    forked = [each for each in ended if each.session == "ses_1"][:20]
    return [*made, *(_copy(each, index) for index, each in enumerate(forked))]


def _copy(message: Message, index: int) -> Message:
    """As a fork of its session has it."""
    return replace(
        message, id=f"msg_z{index:06d}", session="ses_fork",
        made=[Made(record={}, traps=("fork_copy",)) for _ in message.made],
    )  # fmt: skip


def _answer(random: Random, index: int) -> Iterator[Message]:
    begun = moment(random) + timedelta(seconds=index)  # no two that begin and end together
    at, over = micros(begun) // 1000, micros(later(random, begun)) // 1000
    session = f"ses_{index % 4}"
    model = {"providerID": "deepseek", "modelID": "deepseek-chat"}
    asked: dict[str, Any] = {
        "role": "user", "time": {"created": at}, "agent": "build", "model": model,
        "summary": {"title": "secret", "diffs": [{"patch": "secret"}]},
    }  # fmt: skip
    yield Message(f"msg_{index:06d}u", session, asked, [{"type": "text", "text": "secret prompt"}])
    used, cost, identity = counts(random), usd(random), f"msg_{index:06d}a"
    said, trap = tokens(random, used)
    seller = random.choice(list(SELLERS))
    data: dict[str, Any] = {
        "role": "assistant", "time": {"created": at, "completed": over}, "parentID": f"msg_{index:06d}u",
        "modelID": "deepseek-reasoner", "providerID": seller, "mode": "build", "agent": "build",
        "path": {"cwd": "/home/me/atlas/src", "root": "/home/me/atlas"}, "cost": plain(cost), "tokens": said,
        "finish": "stop",
    }  # fmt: skip
    row: dict[str, Any] = {
        "id": "", "provider": SELLERS[seller], "model": "deepseek-reasoner", "input_tokens": used.input,
        "output_tokens": used.output, "cache_hit_tokens": used.hit, "thinking_tokens": used.thinking, "tool_usd": cost,
        "started_us": 1000 * at, "ended_us": 1000 * over,
    }  # fmt: skip
    traps = ["cached_beside_input"] if used.hit else []
    if trap and 1 <= used.thinking <= used.output - used.thinking:
        traps.append("thinking_unclear")
    finish = {"type": "step-finish", "reason": "stop", "cost": plain(cost), "tokens": said}
    parts: list[dict[str, Any]] = [{"type": "step-start"}, {"type": "text", "text": "secret answer"}, finish]
    bare = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    nothing = {"input_tokens": None, "output_tokens": None, "cache_hit_tokens": None, "thinking_tokens": None}
    if not (used.total + used.hit):
        row |= nothing
    match random.randrange(9):
        case 0:  # interrupted before the provider counted
            data |= {"tokens": bare, "cost": 0, "error": {"name": "MessageAbortedError", "data": {"message": "secret"}}}
            row |= nothing | {"status": "aborted", "tool_usd": Decimal(0), "cost_low_usd": Decimal(0)}
            traps, parts = [], [{"type": "step-start"}]
        case 1:
            data |= {"tokens": bare, "cost": 0, "error": {"name": "APIError", "data": {"statusCode": 402}}}
            row |= nothing | {"status": "failed", "tool_usd": Decimal(0), "cost_low_usd": Decimal(0)}
            traps, parts = [], []
        case 2:  # it runs, or opencode died
            data |= {"tokens": bare, "cost": 0, "time": {"created": at}}
            row |= nothing | {"status": "started", "tool_usd": Decimal(0), "ended_us": None}
            traps, parts = [], []
        case 3:  # a provider that counts nothing
            data |= {"tokens": bare, "cost": 0}
            row |= nothing | {"tool_usd": Decimal(0)}
            traps, parts = ["no_usage"], parts[:2]
        case 4:
            data["finish"], row["status"] = "length", "length"
        case 5:  # a false 0 beside thinking that is there
            data["tokens"] = {**bare, "input": used.input, "output": used.output + 1}
            row |= {"output_tokens": used.output + 1, "cache_hit_tokens": 0, "thinking_tokens": None}
            traps, parts = [], [{"type": "reasoning", "text": "secret thoughts"}]
        case 6:
            data["tokens"] = {**said, "total": 3 * used.total + 1}
            traps = [each for each in traps if each == "cached_beside_input"] + ["counts_contradict"]
            row |= {"cache_hit_tokens": None, "thinking_tokens": None}
            row["output_tokens"] = said["output"] + said["reasoning"]
            parts = []
        case 7:
            yield _steps(random, Message(identity, session, data), row)
            return
    yield Message(identity, session, data, parts, [Made(record={}, truth=Truth(**row), traps=tuple(traps))])


def _steps(random: Random, message: Message, row: Mapping[str, Any]) -> Message:
    """A message of an older release: of several calls it kept the last one's tokens, and the cost of all."""
    parts: list[dict[str, Any]] = []
    made: list[Made] = []
    total = Decimal(0)
    for _ in range(random.randint(2, 4)):
        used, cost = counts(random), usd(random)
        said = {
            "input": used.input - used.hit, "output": used.output, "reasoning": 0,
            "cache": {"read": used.hit, "write": 0},
        }  # fmt: skip
        total += cost
        parts += [
            {"type": "step-start"},
            {"type": "tool", "state": {"output": '{"type":"step-finish","tokens":{"input":7}}'}},
            {"type": "step-finish", "cost": plain(cost), "tokens": said},
        ]
        counted = {
            "input_tokens": used.input, "output_tokens": used.output, "cache_hit_tokens": used.hit,
            "thinking_tokens": 0, "tool_usd": cost,
        }  # fmt: skip
        beside = ("cached_beside_input",) if used.hit else ()
        made.append(Made(record={}, truth=Truth(**{**row, **counted, "ended_us": row["started_us"]}), traps=beside))
    last = made[-1].truth
    assert last
    made[-1] = replace(made[-1], truth=replace(last, ended_us=row["ended_us"]))
    return replace(message, data={**message.data, "tokens": said, "cost": plain(total)}, parts=parts, made=made)
