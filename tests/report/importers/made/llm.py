"""Calls as simonw/llm logs them, after its `migrations.py` (0.36): `responses`, `turns`, and what it prints as JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from tests.report.importers.made.truth import Counts, Made, Truth, counts, micros, moment, plain, usd

# Of the models that an id of llm may name -> who sells it, under which name
MODELS: Mapping[str, tuple[str, str]] = {
    "deepseek-chat": ("deepseek", "deepseek-chat"),
    "deepseek-reasoner": ("deepseek", "deepseek-reasoner"),
    "deepseek/deepseek-reasoner": ("deepseek", "deepseek-reasoner"),
    "deepseek/deepseek-chat": ("deepseek", "deepseek-chat"),
    "openrouter/deepseek/deepseek-r1": ("openrouter", "deepseek/deepseek-r1"),
    "groq/deepseek-r1-distill-llama-70b": ("groq", "deepseek-r1-distill-llama-70b"),
    "fireworks/models/deepseek-r1": ("fireworks", "accounts/fireworks/models/deepseek-r1"),
    "accounts/fireworks/models/deepseek-v3": ("fireworks", "accounts/fireworks/models/deepseek-v3"),
    "ollama/deepseek-r1:8b": ("local", "deepseek-r1:8b"),
    "deepseek-r1:latest": ("local", "deepseek-r1:latest"),
    "gguf/DeepSeek-R1-Distill-Qwen-7B": ("local", "DeepSeek-R1-Distill-Qwen-7B"),
    "my-R1.Q4_K_M.gguf": ("local", "my-R1.Q4_K_M.gguf"),
    "deepseek-ai/DeepSeek-R1": ("unknown", "deepseek-ai/DeepSeek-R1"),
    "gpt-4o-mini": ("openai", "gpt-4o-mini"),
}

RESPONSES = (
    "CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);"
    "CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT,"
    " options_json TEXT, response TEXT, response_json TEXT, conversation_id TEXT REFERENCES conversations(id),"
    " duration_ms INTEGER, datetime_utc TEXT{later});"
)
LATER = ("input_tokens INTEGER", "output_tokens INTEGER", "token_details TEXT", "resolved_model TEXT", "reasoning TEXT")
TURNS = (
    "CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT);"
    "CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT, tool_name TEXT,"
    " text TEXT, payload TEXT);"
    "CREATE TABLE threads (id TEXT PRIMARY KEY, name TEXT, tip_message_hash TEXT, forked_from TEXT, datetime_utc TEXT);"
    "CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, parent_message_hash TEXT, tip_message_hash TEXT,"
    " model TEXT, resolved_model TEXT, options_json TEXT, schema_id TEXT, input_tokens INTEGER, output_tokens INTEGER,"
    " token_details TEXT, duration_ms INTEGER, datetime_utc TEXT{later});"
)


def database(responses: Sequence[Made] | None, turns: Sequence[Made] | None, later: int = 9) -> sqlite3.Connection:
    """A `logs.db` with these calls; with the columns of an older llm where `later` is small."""
    made = sqlite3.connect(":memory:")
    if responses is not None:
        made.executescript(RESPONSES.format(later="".join(f", {column}" for column in LATER[:later])))
        _fill(made, "responses", responses)
    if turns is not None:
        made.executescript(TURNS.format(later=", response_json TEXT" if later >= len(LATER) else ""))
        _fill(made, "turns", [replace(each, record=_as_turn(each.record)) for each in turns])
        parts = [(_as_turn(each.record)["tip_message_hash"], each.record["reasoning"]) for each in turns]
        insert = "INSERT INTO parts (message_hash, position, type, text) VALUES (?, ?, ?, ?)"
        made.executemany(insert, [(tip, 0, "reasoning", thoughts) for tip, thoughts in parts if thoughts])
        made.executemany(insert, [(tip, 1, "text", "secret answer") for tip, _ in parts])
    return made


def _as_turn(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**record, "thread_id": record["conversation_id"], "tip_message_hash": record["id"][::-1]}


def _fill(database: sqlite3.Connection, table: str, made: Sequence[Made]) -> None:
    columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
    marks = ", ".join("?" * len(columns))
    rows = [[each.record.get(name) for name in columns] for each in made]
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def printed(made: Sequence[Made]) -> list[dict[str, Any]]:
    """As `llm logs --json` prints them."""
    more: Mapping[str, Any] = {
        "conversation_name": "x",
        "conversation_model": "y",
        "schema_json": None,
        "attachments": [],
    }
    return [
        {**each.record, **more, "response_json": json.loads(each.record["response_json"] or "null")} for each in made
    ]


def details(random: Random, used: Counts) -> tuple[dict[str, Any] | None, int, int | None, int | None, bool]:
    """token_details of one plugin or another: with the input_tokens beside it, hits, thinking, and whether additive.

    The plugins drop every 0.
    """
    match random.randrange(7):
        case 0:
            return None, used.input, None, None, False
        case 1:  # DeepSeek
            whole = {
                "prompt_tokens_details": {"cached_tokens": used.hit},
                "completion_tokens_details": {"reasoning_tokens": used.thinking},
                "prompt_cache_hit_tokens": used.hit, "prompt_cache_miss_tokens": used.input - used.hit,
            }  # fmt: skip
            return _without_zeros(whole), used.input, used.hit, used.thinking or None, False
        case 2:  # OpenAI
            whole = {
                "prompt_tokens_details": {"cached_tokens": used.hit, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": used.thinking},
            }
            return _without_zeros(whole), used.input, used.hit or None, used.thinking or None, False
        case 3:  # Anthropic's dialect
            whole = {"cache_read_input_tokens": used.hit, "cache_creation_input_tokens": 0, "service_tier": "standard"}
            return whole, used.input - used.hit, used.hit, None, used.hit > 0
        case 4:  # OpenAI's responses
            whole = {
                "input_tokens_details": {"cached_tokens": used.hit},
                "output_tokens_details": {"reasoning_tokens": used.thinking},
            }
            return whole, used.input, used.hit, used.thinking, False
        case 5:  # Groq: the whole usage
            whole = {
                "prompt_tokens": used.input, "completion_tokens": used.output, "total_tokens": used.total,
                "prompt_time": 0.25, "queue_time": None,
            }  # fmt: skip
            return whole, used.input, None, None, False
        case _:
            return {"cached_tokens": used.hit}, used.input, used.hit, None, False


def _without_zeros(value: Any) -> Any:
    """As `simplify_usage_dict` of llm does."""
    if not isinstance(value, dict):
        return value
    kept = {key: _without_zeros(each) for key, each in value.items() if each not in (0, None, {})}
    return {key: each for key, each in kept.items() if each != {}}


def calls(random: Random, number: int, start: int = 0) -> Iterator[Made]:
    """`number` calls, as rows of `responses`."""
    for index in range(start, start + number):
        yield _call(random, index)


def _call(random: Random, index: int) -> Made:
    used, model = counts(random), random.choice(list(MODELS))
    seller, name = MODELS[model]
    at, lasted_ms = moment(random), random.choice((0, 1500, 90_000))
    said, given, hit, thinking, is_beside = details(random, used)
    body: dict[str, Any] = {
        "content": "secret answer", "role": "assistant", "finish_reason": "stop", "usage": {}, "model": "served-1",
        "id": f"{index:08d}-body", "object": "chat.completion.chunk",
    }  # fmt: skip
    record: dict[str, Any] = {
        "id": f"01k{index:023d}", "model": model, "resolved_model": None, "prompt": "secret prompt", "system": None,
        "prompt_json": '{"messages": []}', "options_json": "{}", "response": "secret answer",
        "conversation_id": f"c{index % 5}", "duration_ms": lasted_ms,
        "datetime_utc": f"{at:%Y-%m-%dT%H:%M:%S.%f}{random.choice(('', '+00:00'))}",
        "input_tokens": given, "output_tokens": used.output, "token_details": json.dumps(said) if said else None,
        "reasoning": None,
    }  # fmt: skip
    row: dict[str, Any] = {
        "id": record["id"], "provider": seller, "model": name, "input_tokens": used.input,
        "output_tokens": used.output, "cache_hit_tokens": hit, "thinking_tokens": thinking,
        "started_us": micros(at), "ended_us": micros(at) + 1000 * lasted_ms,
    }  # fmt: skip
    traps = ["cached_beside_input"] if is_beside else []
    nothing = {"token_details": None}
    unknown = {"cache_hit_tokens": None, "thinking_tokens": None}
    match random.randrange(10):
        case 0:  # an older plugin counted nothing, or an answer that broke off had no usage
            record |= nothing | {"input_tokens": None, "output_tokens": None}
            row |= unknown | {"input_tokens": None, "output_tokens": None}
            traps = []
        case 1:  # the counts are in the answer alone
            record |= nothing | {"input_tokens": None, "output_tokens": None}
            body["usage"] = {
                "prompt_tokens": used.input, "completion_tokens": used.output, "total_tokens": used.total,
                "prompt_cache_hit_tokens": used.hit, "prompt_cache_miss_tokens": used.input - used.hit,
            }  # fmt: skip
            row |= {"cache_hit_tokens": used.hit, "thinking_tokens": None}
            traps = []
        case 2:  # a false 0 beside thinking that is there
            record |= {"token_details": None, "reasoning": "secret thoughts", "input_tokens": used.input}
            body["usage"] = {"completion_tokens_details": {"reasoning_tokens": 0}}
            row |= unknown
            traps = []
        case 3:
            record |= {"token_details": json.dumps({"reasoning_tokens": used.output + 1}), "input_tokens": used.input}
            row |= unknown
            traps = ["counts_contradict"]
        case 4:
            record |= {
                "token_details": json.dumps({"prompt_cache_miss_tokens": used.input + 1}), "input_tokens": used.input,
            }  # fmt: skip
            row |= unknown
            traps = ["counts_contradict"]
        case 5:
            body |= random.choice(({"finish_reason": "length"}, {"choices": [{"finish_reason": "length"}]}))
            row["status"] = "length"
        case 6:
            bill = usd(random)
            record |= {
                "model": "openrouter/deepseek/deepseek-r1", "token_details": json.dumps({"cost": plain(bill)}),
                "input_tokens": used.input,
            }  # fmt: skip
            row |= unknown | {"provider": "openrouter", "model": "deepseek/deepseek-r1", "reported_usd": bill}
            traps = []
    if row["provider"] == "unknown":
        traps.append("unknown_provider")
    record["response_json"] = random.choice((json.dumps(body), json.dumps(body, indent=1)))
    return Made(record=record, truth=Truth(**row), traps=tuple(traps))
