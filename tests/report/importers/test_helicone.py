from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from r1plan.report.importers.helicone import HELICONE
from tests.report.importers.reading import each, read

ROW: Mapping[str, Any] = {
    "request_id": "0b1c", "response_id": "9f8e", "request_created_at": "2026-05-06 07:08:09.010",
    "response_created_at": "2026-05-06 07:08:11.010", "latency": 2000, "status": 200, "model": "deepseek-chat",
    "provider": "DEEPSEEK", "prompt_tokens": 100, "completion_tokens": 50, "prompt_cache_read_tokens": 64,
    "prompt_cache_write_tokens": 0, "cost": 1500, "properties": {},
}  # fmt: skip
BESIDE, ODD = ("cached_beside_input",), ("counts_contradict",)
# What changes -> input, cached, traps
COUNTS: Mapping[str, tuple[Mapping[str, Any], tuple[int, int | None, tuple[str, ...]]]] = {
    "within, where nothing says otherwise": ({}, (100, 64, ())),
    "within, says the total": ({"total_tokens": 150}, (100, 64, ())),
    "beside, says the total": ({"total_tokens": 214}, (164, 64, BESIDE)),
    "the total says neither": ({"total_tokens": 151}, (100, None, ODD)),
    "more than the whole": ({"prompt_cache_read_tokens": 640}, (740, 640, BESIDE)),
    "impossible": ({"prompt_cache_read_tokens": 640, "total_tokens": 150}, (100, None, ODD)),
    "all of it": ({"prompt_cache_read_tokens": 100}, (100, 100, ())),
    "unknown is not 0": ({"prompt_cache_read_tokens": None}, (100, None, ())),
    "written beside it too": ({"prompt_cache_write_tokens": 7, "total_tokens": 221}, (171, 64, BESIDE)),
}
STATUSES: Mapping[str, str] = {
    "200": "ok", "201": "ok", "400": "failed", "429": "failed", "498": "failed", "500": "failed", "499": "aborted",
    "-3": "aborted", "-2": "started", "-4": "failed", "": "ok",
}  # fmt: skip
COSTS: Mapping[str, tuple[Any, str | None]] = {
    "billionths": (1500, "0.0000015"), "dollars": ("0.0000015", "0.0000015"), "nothing": (0, "0"),
    "a JSON number": (0.0123, "0.0123"), "unknown": (None, None),
}  # fmt: skip
SELLERS: Mapping[str, Mapping[str, Any]] = {
    "deepseek": {"provider": "CUSTOM", "target_url": "https://api.deepseek.com/v1"},
    "openrouter": {"provider": "OPENAI", "target_url": "https://openrouter.ai/api"},
    "TOGETHER": {"provider": "TOGETHER", "target_url": "https://api.together.xyz"},
    "unknown": {"provider": None, "model": "house-model"},
}
LEFT_OUT: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "out of the cache": ({"cache_reference_id": "0b1d"}, ("response_cache",)),
    "as the API says it": ({"cached": True}, ("response_cache",)),
    "embeddings": ({"target_url": "https://api.openai.com/v1/embeddings"}, ("not_chat",)),
    "images": ({"request_path": "/v1/images/generations"}, ("not_chat",)),
    "the cache unused": ({"cache_reference_id": "00000000-0000-0000-0000-000000000000", "cached": False}, ()),
}


def test_cached_tokens_are_within_or_beside() -> None:
    found = each(HELICONE, ROW, {name: changes for name, (changes, _) in COUNTS.items()}, "request_id")
    assert {name: (row["input_tokens"], row["cache_hit_tokens"], row["traps"]) for name, row in found.items()} == {
        name: wanted for name, (_, wanted) in COUNTS.items()
    }


def test_what_became_of_it() -> None:
    found = each(HELICONE, ROW, {code: {"status": code} for code in STATUSES}, "request_id", "r")
    assert {code: row["status"] for code, row in found.items()} == STATUSES
    for row in found.values():
        assert (row["ended_us"] is None) == (row["status"] == "started")
        assert row["cost_low_usd"] == (0 if row["status"] == "aborted" else None)


def test_a_refusal_uses_nothing_and_another_failure_what_it_says() -> None:
    nothing = {"prompt_tokens": None, "completion_tokens": None, "prompt_cache_read_tokens": None}
    found = each(HELICONE, {**ROW, **nothing}, {"401": {"status": 401}, "503": {"status": 503}}, "request_id")
    assert {name: (row["input_tokens"], row["output_tokens"]) for name, row in found.items()} == {
        "401": (0, 0),
        "503": (None, None),
    }


def test_the_table_keeps_billionths_of_a_dollar() -> None:
    found = each(HELICONE, ROW, {name: {"cost": cost} for name, (cost, _) in COSTS.items()}, "request_id")
    assert {name: row["tool_usd"] for name, row in found.items()} == {
        name: None if usd is None else Decimal(usd) for name, (_, usd) in COSTS.items()
    }
    assert {row["reported_usd"] for row in found.values()} == {None}


def test_the_address_says_who_sold_where_the_provider_does_not() -> None:
    found = each(HELICONE, ROW, {**SELLERS, "by the model": {"provider": None}}, "request_id")
    assert found.pop("by the model")["provider"] == "deepseek"
    assert {name: row["provider"] for name, row in found.items()} == {name: name for name in SELLERS}
    assert {name for name, row in found.items() if "unknown_provider" in row["traps"]} == {"unknown"}


def test_properties_are_tags_but_for_helicones_own_in_whatever_form() -> None:
    forms = {
        "object": {"Helicone-Session-Id": "s1", "team": "x", "User-Id": "u"},
        "text": '{"Helicone-Session-Id": "s1", "team": "x"}',
        "ClickHouse": "{'Helicone-Session-Id':'s1','team':'x'}",
        "text of text": '"{\\"Helicone-Session-Id\\": \\"s1\\", \\"team\\": \\"x\\"}"',
    }
    for row in each(HELICONE, ROW, {name: {"properties": form} for name, form in forms.items()}, "request_id").values():
        assert (json.loads(row["tags"]), row["conversation"]) == ({"team": "x"}, "s1")


def test_what_the_export_tool_writes_has_other_names() -> None:
    written = {
        "response_id": "9f8e", "response_created_at": "2026-05-06T07:08:11.010Z", "response_status": 200,
        "request_created_at": "2026-05-06T07:08:09.010Z", "request_body": "secret",
        "request_properties": '{"team": "x"}',
        "request_user_id": "u", "model": "deepseek-chat", "prompt_tokens": 100, "completion_tokens": 50,
        "delay_ms": 2000,
        "cost": 0.01,
    }  # fmt: skip
    plain, row = read(HELICONE, [ROW]).row, read(HELICONE, [written]).row
    assert (row["id"], row["response_id"], row["provider"], row["status"]) == ("9f8e", "9f8e", "deepseek", "ok")
    assert (row["started_us"], row["ended_us"]) == (plain["started_us"], plain["ended_us"])
    assert (json.loads(row["tags"]), row["tool_usd"]) == ({"team": "x"}, Decimal("0.01"))


def test_what_no_model_answered_is_told_and_not_summed() -> None:
    found = each(HELICONE, ROW, {name: changes for name, (changes, _) in LEFT_OUT.items()}, "request_id")
    assert {name: row["traps"] for name, row in found.items()} == {name: traps for name, (_, traps) in LEFT_OUT.items()}
    assert "is_out" not in found["the cache unused"]
