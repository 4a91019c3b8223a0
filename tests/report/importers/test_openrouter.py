from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from r1plan.report.importers.openrouter import OPENROUTER
from tests.report.importers.reading import each, read

GENERATION: Mapping[str, Any] = {
    "id": "gen-1782618417-abc", "created_at": "2026-06-28T03:46:57.713Z", "model": "deepseek/deepseek-r1",
    "total_cost": 0.0123, "usage": 0.0123, "tokens_prompt": 90, "tokens_completion": 45, "native_tokens_prompt": 100,
    "native_tokens_completion": 50, "native_tokens_reasoning": 30, "native_tokens_cached": 64, "is_byok": False,
    "upstream_inference_cost": 0, "cancelled": False, "cache_discount": 0.5, "latency": 400, "generation_time": 9000,
    "finish_reason": "stop", "provider_name": "Novita",
}  # fmt: skip
# What changes -> OpenRouter's bill, what the user's own provider bills
BILLS: Mapping[str, tuple[Mapping[str, Any], tuple[str | None, str | None]]] = {
    "once, whatever the cache saved": ({}, ("0.0123", None)),
    "an older record has only usage": ({"total_cost": None}, ("0.0123", None)),
    "free is 0": ({"total_cost": 0, "usage": 0}, ("0", None)),
    "unknown is not 0": ({"total_cost": None, "usage": None}, (None, None)),
    "own key": ({"is_byok": True, "total_cost": 0.001, "upstream_inference_cost": 0.02}, ("0.001", "0.02")),
    "own key, as one sees": ({"is_byok": None, "upstream_inference_cost": 0.02}, ("0.0123", "0.02")),
    "what OpenRouter paid itself": ({"is_byok": False, "upstream_inference_cost": 0.02}, ("0.0123", None)),
    "exponent": ({"total_cost": "1.5e-07"}, ("0.00000015", None)),
}


def _usd(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def test_whose_bill_is_what() -> None:
    found = each(OPENROUTER, GENERATION, {name: changes for name, (changes, _) in BILLS.items()})
    assert {name: (row["reported_usd"], row["tool_usd"]) for name, row in found.items()} == {
        name: (_usd(bill), _usd(elsewhere)) for name, (_, (bill, elsewhere)) in BILLS.items()
    }
    assert {name for name, row in found.items() if "billed_elsewhere" in row["traps"]} == {
        "own key",
        "own key, as one sees",
    }


def test_native_tokens_are_billed_and_the_others_stand_in_as_estimates() -> None:
    cases: dict[str, dict[str, Any]] = {
        "native": {},
        "none": {"native_tokens_prompt": None},
        "cancelled": {"cancelled": True},
    }
    found = each(OPENROUTER, GENERATION, cases)
    names = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens")
    assert [found["native"][name] for name in names] == [100, 64, 50, 30]
    assert [found["none"][name] for name in names] == [90, None, 45, None]
    assert ("estimated" in found["none"]["provenance"], found["none"]["traps"]) == (True, ("not_native_tokens",))
    cancelled = found["cancelled"]
    assert (cancelled["status"], cancelled["cost_low_usd"], cancelled["traps"]) == ("aborted", None, ("cancelled",))
    assert cancelled["reported_usd"] == Decimal("0.0123")


def test_times_run_from_its_creation_and_a_dated_slug_is_what_answered() -> None:
    cases: dict[str, dict[str, Any]] = {
        "r1": {},
        "dated": {"model": "deepseek/deepseek-v4-flash-20260910", "generation_time": None},
        "0528": {"model": "deepseek/deepseek-r1-0528"},
    }
    found = each(OPENROUTER, GENERATION, cases)
    row = found["r1"]
    assert row["started_us"] == 1_782_618_417_713_000
    assert (row["first_token_us"] - row["started_us"], row["ended_us"] - row["started_us"]) == (400_000, 9_000_000)
    assert found["dated"]["ended_us"] == row["started_us"]
    assert (found["dated"]["model"], found["dated"]["served"]) == (
        "deepseek/deepseek-v4-flash",
        "deepseek/deepseek-v4-flash-20260910",
    )
    assert found["0528"]["model"] == "deepseek/deepseek-r1-0528"


def test_a_day_of_activity_is_an_aggregate_whose_bill_leaves_own_keys_out() -> None:
    day = {
        "date": "2026-06-28", "model": "deepseek/deepseek-r1", "model_permaslug": "deepseek/deepseek-r1",
        "endpoint_id": "e", "provider_name": "Novita", "usage": 0.5, "byok_usage_inference": 0.25, "requests": 3,
        "prompt_tokens": 100, "completion_tokens": 50, "reasoning_tokens": 30,
    }  # fmt: skip
    others = ({**day, "endpoint_id": "f"}, {**day, "date": "2026-06-29 00:00:00"})
    found = read(OPENROUTER, [day, *others, {**day, "date": "2026-06-28 00:00:00", "usage": 0.6}])
    row, _, next_day, again = found.rows
    assert (row["span_us"], row["requests"], row["cache_hit_tokens"]) == (86_400_000_000, 3, None)
    assert (row["reported_usd"], row["tool_usd"], found.traps) == (
        Decimal("0.5"),
        Decimal("0.25"),
        {"billed_elsewhere": 4},
    )
    assert (len({each["id"] for each in found.rows}), again["id"]) == (3, row["id"])
    assert next_day["started_us"] - row["started_us"] == row["span_us"]
