from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from r1plan.report.importers.langfuse import LANGFUSE
from tests.report.importers.reading import each, read

ROW: Mapping[str, Any] = {
    "id": "o1", "trace_id": "t1", "type": "GENERATION", "parent_observation_id": "",
    "start_time": "2026-07-08 09:10:11.123456", "end_time": "2026-07-08 09:10:13.123456", "completion_start_time": None,
    "provided_model_name": "deepseek-reasoner", "usage_details": {"input": 100, "output": 50, "total": 150},
    "cost_details": {}, "total_cost": 0.25, "level": "DEFAULT", "metadata": {}, "session_id": None,
}  # fmt: skip
BESIDE, ODD, UNCLEAR = ("cached_beside_input",), ("counts_contradict",), ("cached_unclear",)
# usage_details -> input, cached, output, thinking, traps
USAGES: Mapping[str, tuple[Mapping[str, Any], tuple[Any, ...]]] = {
    "plain": ({"input": 100, "output": 50, "total": 150}, (100, None, 50, None, ())),
    "no total": ({"input": 100, "output": 50}, (100, None, 50, None, ())),
    "within": ({"input": 100, "output": 50, "total": 150, "input_cached_tokens": 64}, (100, 64, 50, None, ())),
    "beside": ({"input": 36, "output": 50, "total": 150, "input_cached_tokens": 64}, (100, 64, 50, None, BESIDE)),
    "nobody says": ({"input": 100, "output": 50, "input_cached_tokens": 64}, (100, None, 50, None, UNCLEAR)),
    "beside, one sees": ({"input": 36, "output": 50, "input_cached_tokens": 64}, (100, 64, 50, None, BESIDE)),
    "neither": ({"input": 100, "output": 50, "total": 151, "input_cached_tokens": 64}, (100, None, 50, None, ODD)),
    "thinking within": ({"input": 100, "output": 50, "total": 150, "reasoning_tokens": 50}, (100, None, 50, 50, ())),
    "thinking beside": (
        {"input": 100, "output": 20, "total": 150, "output_reasoning_tokens": 30},
        (100, None, 50, 30, ()),
    ),
    "both beside": (
        {"input": 36, "output": 20, "total": 150, "input_cache_read": 64, "output_reasoning": 30},
        (100, 64, 50, 30, BESIDE),
    ),
    "Anthropic": (
        {"input": 30, "output": 50, "total": 150, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 6},
        (100, 64, 50, None, BESIDE),
    ),
    "all cached": ({"input": 0, "output": 50, "total": 150, "input_cached_tokens": 100}, (100, 100, 50, None, BESIDE)),
    "OpenAI's names": (
        {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, "prompt_cache_hit_tokens": 64},
        (100, 64, 50, None, ()),
    ),
    "texts": ({"input": "100", "output": "50.0", "total": "150"}, (100, None, 50, None, ())),
}
FORMS: Mapping[str, Callable[[Any], Any]] = {
    "object": lambda usage: usage,
    "text": json.dumps,
    "as a map prints": lambda usage: "{" + ", ".join(f"{key}={value}" for key, value in usage.items()) + "}",
    "as ClickHouse prints": lambda usage: json.dumps(usage).replace('"', "'"),
}


def test_what_makes_up_the_total_says_what_is_within() -> None:
    cases = {
        f"{name} | {form}": {"usage_details": write(usage)}
        for name, (usage, _) in USAGES.items()
        for form, write in FORMS.items()
    }
    names = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "traps")
    assert {name: tuple(row[each] for each in names) for name, row in each(LANGFUSE, ROW, cases).items()} == {
        f"{name} | {form}": wanted for name, (_, wanted) in USAGES.items() for form in FORMS
    }


def test_only_generations_are_requests() -> None:
    kinds = ("SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "GUARDRAIL")
    cases = {kind: {"type": kind} for kind in (*kinds, "EMBEDDING", "GENERATION", "generation")}
    found = each(LANGFUSE, {**ROW, "type": None}, {**cases, "none said": {}})
    assert {name for name, row in found.items() if "is_out" not in row} == {"GENERATION", "generation", "none said"}
    assert {name for name, row in found.items() if row["traps"] == ("repeats_children",)} == set(kinds)
    assert found["EMBEDDING"]["traps"] == ("not_chat",)


def test_what_has_no_usage_and_is_no_generation_is_nobodys_loss() -> None:
    bare = {**ROW, "usage_details": {}, "provided_model_name": ""}
    found = read(LANGFUSE, [{**bare, "id": kind, "type": kind} for kind in ("SPAN", "EVENT", "AGENT", None)])
    assert (list(found.rows), found.traps, found.skipped) == ([], {}, 4)


def test_a_generation_around_generations_that_sums_them_up_is_left_out() -> None:
    def row(name: str, parent: str, read_tokens: int, wrote: int) -> dict[str, Any]:
        usage = {"input": read_tokens, "output": wrote, "total": read_tokens + wrote}
        return {**ROW, "id": name, "parent_observation_id": parent, "usage_details": usage}

    found = read(LANGFUSE, [row("outer", "", 30, 12), row("a", "outer", 10, 5), row("b", "outer", 20, 7)])
    assert ({each["id"] for each in found.rows}, found.traps) == ({"a", "b"}, {"repeats_children": 1})
    found = read(LANGFUSE, [row("outer", "", 31, 12), row("a", "outer", 10, 5), row("b", "outer", 20, 7)])
    assert {each["id"] for each in found.rows} == {"outer", "a", "b"}


def test_how_it_ended() -> None:
    cases: dict[str, dict[str, Any]] = {
        "ok": {},
        "runs still": {"end_time": None},
        "failed, counted": {"level": "ERROR"},
        "failed, not counted": {"level": "ERROR", "usage_details": {}},
        "not counted": {"usage_details": {}},
    }
    found = each(LANGFUSE, ROW, cases)
    assert {name: (row["status"], row["input_tokens"], row["cost_low_usd"]) for name, row in found.items()} == {
        "ok": ("ok", 100, None),
        "runs still": ("started", 100, None),
        "failed, counted": ("failed", 100, None),
        "failed, not counted": ("failed", None, 0),
        "not counted": ("ok", None, None),
    }


def test_who_sold_it() -> None:
    cases: dict[str, dict[str, Any]] = {
        "deepseek": {},
        "openrouter": {"provided_model_name": "deepseek/deepseek-r1"},
        "fireworks": {"provided_model_name": "accounts/fireworks/models/deepseek-r1"},
        "together_ai": {"provided_model_name": "deepseek-ai/DeepSeek-R1", "metadata": {"ls_provider": "together_ai"}},
        "groq": {"provided_model_name": "r1", "metadata": {"attributes": '{"gen_ai.system": "groq"}'}},
        "local": {"provided_model_name": "deepseek-r1:32b"},
        "unknown": {"provided_model_name": "DeepSeek-R1"},
    }
    found = each(LANGFUSE, ROW, cases)
    assert {name: row["provider"] for name, row in found.items()} == {name: name for name in cases}
    assert {name for name, row in found.items() if row["traps"]} == {"unknown"}


def test_old_and_new_export_of_one_observation_have_one_id() -> None:
    camel = {
        "id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": "2026-07-08T09:10:11.123Z", "endTime": None,
        "model": "deepseek-reasoner", "usageDetails": '{"input": 100, "output": 50, "total": 150}', "totalCost": 0.25,
    }  # fmt: skip
    old, new = read(LANGFUSE, [camel]).row, read(LANGFUSE, [ROW]).row
    for name in ("id", "model", "provider", "input_tokens", "output_tokens", "conversation", "tool_usd"):
        assert old[name] == new[name]
    assert new["tool_usd"] == Decimal("0.25")
    assert new["started_us"] - old["started_us"] == 456
