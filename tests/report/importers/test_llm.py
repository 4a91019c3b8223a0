from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from r1plan.report.importers.agents.llm import LLM
from tests.report.importers.made import llm
from tests.report.importers.made.truth import Made
from tests.report.importers.reading import each, read, read_sqlite
from tests.report.importers.test_made import compare

ROW: Mapping[str, Any] = {
    "id": "01k0", "model": "deepseek-reasoner", "resolved_model": None, "conversation_id": "c1", "duration_ms": 2000,
    "datetime_utc": "2026-07-08T09:10:11.123456+00:00", "input_tokens": 100, "output_tokens": 50,
    "token_details": None, "response_json": None, "reasoning": None,
}  # fmt: skip
ODD, BESIDE = ("counts_contradict",), ("cached_beside_input",)
# token_details -> input, cached, output, thinking, traps
DETAILS: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
    "none": (None, (100, None, 50, None, ())),
    "empty": ({}, (100, None, 50, None, ())),
    "DeepSeek": (
        {"prompt_tokens_details": {"cached_tokens": 64}, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},
        (100, 64, 50, None, ()),
    ),
    "DeepSeek, no hit: zeros are dropped": ({"prompt_cache_miss_tokens": 100}, (100, 0, 50, None, ())),
    "DeepSeek, no miss: zeros are dropped": ({"prompt_cache_hit_tokens": 100}, (100, 100, 50, None, ())),
    "hit and miss are not input": (
        {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 37},
        (100, None, 50, None, ODD),
    ),
    "thinking": ({"completion_tokens_details": {"reasoning_tokens": 30}}, (100, None, 50, 30, ())),
    "all of it thinking": ({"completion_tokens_details": {"reasoning_tokens": 50}}, (100, None, 50, 50, ())),
    "more thinking than output": ({"completion_tokens_details": {"reasoning_tokens": 51}}, (100, None, 50, None, ODD)),
    "OpenAI's responses": (
        {"input_tokens_details": {"cached_tokens": 64}, "output_tokens_details": {"reasoning_tokens": 30}},
        (100, 64, 50, 30, ()),
    ),
    "Anthropic": (
        {"cache_read_input_tokens": 64, "cache_creation_input_tokens": 6, "service_tier": "priority"},
        (170, 64, 50, None, BESIDE),
    ),
    "Anthropic, nothing cached": (
        {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
        (100, 0, 50, None, ()),
    ),
    "Anthropic's name within OpenAI's": (
        {"cache_read_input_tokens": 64, "prompt_tokens_details": {"cached_tokens": 64}},
        (100, 64, 50, None, ()),
    ),
    "the total says within": ({"cache_read_input_tokens": 64, "total_tokens": 150}, (100, 64, 50, None, ())),
    "Gemini of today": ({"candidatesTokenCount": 20, "thoughtsTokenCount": 30}, (100, None, 50, 30, ())),
    "Gemini of once": ({"thoughtsTokenCount": 30, "cachedContentTokenCount": 64}, (100, 64, 80, 30, ())),
    "Groq": ({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}, (100, None, 50, None, ())),
    "Together": ({"cached_tokens": 64}, (100, 64, 50, None, ())),
}  # fmt: skip


def _counted(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        row[name] for name in ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "traps")
    )


def test_token_details_of_every_plugin_are_the_one_normal_form() -> None:
    forms: Mapping[str, Callable[[Any], Any]] = {"text": json.dumps, "object": lambda details: details}
    cases = {
        f"{name} | {form}": {"token_details": write(details)}
        for name, (details, _) in DETAILS.items()
        for form, write in forms.items()
    }
    assert {name: _counted(row) for name, row in each(LLM, ROW, cases).items()} == {
        f"{name} | {form}": wanted for name, (_, wanted) in DETAILS.items() for form in forms
    }


def test_the_model_says_who_sold_it() -> None:
    found = each(LLM, ROW, {model: {"model": model} for model in llm.MODELS})
    assert {name: (row["provider"], row["model"]) for name, row in found.items()} == llm.MODELS
    assert {name for name, row in found.items() if row["traps"]} == {"deepseek-ai/DeepSeek-R1"}


def test_the_answer_says_who_gave_it_where_the_model_does_not() -> None:
    cases: dict[str, dict[str, Any]] = {
        "openrouter": {"response_json": {"id": "gen-1", "usage": {"cost": 0.01}}},
        "local": {"response_json": {"model": "r1", "done": True, "prompt_eval_count": 100, "eval_count": 50}},
    }
    found = each(LLM, {**ROW, "model": "r1"}, cases)
    assert {name: row["provider"] for name, row in found.items()} == {name: name for name in cases}


def test_how_an_answer_ended_and_when() -> None:
    cases: dict[str, dict[str, Any]] = {
        "ok": {},
        "ok too": {"response_json": {"finish_reason": "tool_calls"}},
        "length": {"response_json": {"finish_reason": "length"}},
        "length, whole": {"response_json": {"choices": [{"finish_reason": "length"}]}},
        "length, Anthropic": {"response_json": {"stop_reason": "max_tokens"}},
        "length, Ollama": {"response_json": {"done_reason": "length"}},
        "length, responses": {"response_json": {"incomplete_details": {"reason": "max_output_tokens"}}},
        "failed": {"response_json": {"finish_reason": "insufficient_system_resource"}},
    }
    found = each(LLM, ROW, cases)
    assert {name: row["status"] for name, row in found.items()} == {
        name: name.partition(",")[0].partition(" ")[0] for name in cases
    }
    assert {(row["started_us"], row["ended_us"] - row["started_us"]) for row in found.values()} == {
        (1_783_501_811_123_456, 2_000_000)
    }


def test_what_the_provider_billed_is_a_bill_and_what_another_reckons_is_not() -> None:
    cost = {"cost": 0.25}
    byok = {"cost": 0.25, "is_byok": True, "cost_details": {"upstream_inference_cost": 2}}
    cases: dict[str, dict[str, Any]] = {
        "bill": {"model": "openrouter/deepseek/deepseek-r1", "token_details": cost},
        "own key": {"model": "openrouter/deepseek/deepseek-r1", "token_details": byok},
        "reckoned": {"token_details": cost},
    }
    found = each(LLM, ROW, cases)
    assert {name: (row["reported_usd"], row["tool_usd"], row["traps"]) for name, row in found.items()} == {
        "bill": (Decimal("0.25"), None, ()),
        "own key": (Decimal("0.25"), Decimal(2), ("billed_elsewhere",)),
        "reckoned": (None, Decimal("0.25"), ()),
    }


def test_the_id_of_the_answer_is_kept_but_not_a_reference_to_it() -> None:
    cases: dict[str, dict[str, Any]] = {
        "id": {"response_json": {"id": "chatcmpl-1"}},
        "reference": {"response_json": {"id": {"$": "p.0"}}},
    }
    found = each(LLM, ROW, cases)
    assert {name: row["response_id"] for name, row in found.items()} == {"id": "chatcmpl-1", "reference": None}


def test_a_response_that_was_printed_by_itself_is_a_call() -> None:
    record = {
        "model": "deepseek-chat", "id": "01k0", "prompt": {"messages": []}, "messages": [],
        "usage": {"input": 100, "output": 50, "details": {"prompt_cache_hit_tokens": 64}},
        "datetime_utc": "2026-07-08T09:10:11.123456+00:00",
    }  # fmt: skip
    assert _counted(read(LLM, [record]).row) == (100, 64, 50, None, ())


@pytest.fixture(scope="module")
def made() -> list[Made]:
    return list(llm.calls(Random(5), 300))


def test_calls_of_both_tables_are_counted_once(made: list[Made]) -> None:
    # Calls 100 to 199 stand in both.
    compare(read_sqlite(LLM, llm.database(made[:200], made[100:])), made)


def test_a_fork_adds_its_own_calls_alone(made: list[Made]) -> None:
    database = llm.database([], made[:9])
    turns = database.execute("SELECT id, tip_message_hash FROM turns").fetchall()
    database.executemany("INSERT INTO messages VALUES (?, NULL, 'assistant')", [(tip,) for _, tip in turns])
    database.execute("INSERT INTO threads VALUES ('fork', 'x', ?, 'c0', '2026-07-09')", turns[3][1:])
    compare(read_sqlite(LLM, database), made[:9])


def test_either_table_alone_is_read(made: list[Made]) -> None:
    compare(read_sqlite(LLM, llm.database(made, None)), made)
    compare(read_sqlite(LLM, llm.database(None, made)), made)
    compare(read_sqlite(LLM, llm.database(made[:50], made[50:])), made)


def test_what_is_printed_is_what_stands_in_the_database(made: list[Made]) -> None:
    compare(read(LLM, llm.printed(made)), made)


@pytest.mark.parametrize("later", range(6))
def test_a_database_of_an_older_llm_is_read_with_the_columns_it_has(made: list[Made], later: int) -> None:
    tokens = [each for each in made if json.loads(each.record["response_json"])["usage"] == {} and each.truth]
    found = read_sqlite(LLM, llm.database(tokens, None, later))
    assert len(found.rows) == len(tokens)
    wanted = sum(each.record["output_tokens"] or 0 for each in tokens) if later >= 2 else 0
    assert found.total("output_tokens") == wanted


def test_an_answer_that_is_no_json_loses_nothing_else() -> None:
    made = [Made(record={**ROW, "response_json": text, "id": text}) for text in ("", "{torn", "null", "[]", "3")]
    found = read_sqlite(LLM, llm.database(made, None))
    assert (found.total("input_tokens"), len(found.rows)) == (500, 5)
