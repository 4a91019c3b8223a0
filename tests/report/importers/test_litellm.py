from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from r1plan.report.importers.litellm import LITELLM
from tests.report.importers.reading import each, read

ROW: Mapping[str, Any] = {
    "request_id": "chatcmpl-1", "call_type": "acompletion", "api_key": "88dc28", "spend": 0.25, "total_tokens": 150,
    "prompt_tokens": 100, "completion_tokens": 50, "startTime": "2026-03-04 05:06:07.125",
    "endTime": "2026-03-04 05:06:09", "model": "deepseek-chat", "model_group": "r1", "custom_llm_provider": "deepseek",
    "api_base": "", "metadata": {}, "cache_hit": "False", "request_tags": [], "status": "success",
}  # fmt: skip

# custom_llm_provider, model, api_base -> provider, model
SELLERS: Mapping[str, tuple[tuple[str, str, str], tuple[str, str]]] = {
    "prefix is dropped": (("deepseek", "deepseek/deepseek-chat", ""), ("deepseek", "deepseek-chat")),
    "address": (("openai", "deepseek-chat", "https://api.deepseek.com/beta"), ("deepseek", "deepseek-chat")),
    "openai itself": (("openai", "gpt-4o", ""), ("openai", "gpt-4o")),
    "a server of one's own": (("openai", "r1", "http://localhost:8000/v1"), ("local", "r1")),
    "an address nobody knows": (("openai", "r1", "https://llm.example.org"), ("openai", "r1")),
    "a name that only holds a seller's": (("openai", "r1", "https://notdeepseek.com"), ("openai", "r1")),
    "vllm": (("hosted_vllm", "hosted_vllm/r1", "http://10.0.0.7:8000"), ("hosted_vllm", "r1")),
    "by the model": (("", "deepseek/deepseek-reasoner", ""), ("deepseek", "deepseek/deepseek-reasoner")),
    "slug": (("openrouter", "openrouter/deepseek/deepseek-r1", ""), ("openrouter", "deepseek/deepseek-r1")),
    "the group where there is no model": (("azure_ai", "", ""), ("azure_ai", "r1")),
}
# usage -> cached, thinking, of 100 read and 50 written
USAGES: Mapping[str, tuple[Mapping[str, Any], tuple[int | None, int | None]]] = {
    "DeepSeek": ({"prompt_cache_hit_tokens": 64}, (64, None)),
    "OpenAI": ({"prompt_tokens_details": {"cached_tokens": 64}}, (64, None)),
    "Anthropic": ({"prompt_tokens_details": {"cached_tokens": None}, "cache_read_input_tokens": 64}, (64, None)),
    "all of it thinking": ({"completion_tokens_details": {"reasoning_tokens": 50}}, (None, 50)),
    "all cached": ({"prompt_cache_hit_tokens": 100, "prompt_cache_miss_tokens": 0}, (100, None)),
    "a token is missing": ({"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 35}, (None, None)),
    "more cached than read": ({"prompt_cache_hit_tokens": 101}, (None, None)),
    "more thinking than output": ({"completion_tokens_details": {"reasoning_tokens": 51}}, (None, None)),
    "a number in a text": ({"cached_tokens": "64.0"}, (64, None)),
    "no count": ({"cached_tokens": -1}, (None, None)),
    "nested before top": ({"cached_tokens": 1, "prompt_tokens_details": {"cached_tokens": 64}}, (64, None)),
}
FORMS: Mapping[str, Callable[[Any], Any]] = {
    "object": lambda usage: {"usage_object": usage},
    "text": lambda usage: json.dumps({"usage_object": usage}),
    "text in text": lambda usage: json.dumps({"usage_object": json.dumps(usage)}),
    "text of text": lambda usage: json.dumps(json.dumps({"usage_object": usage})),
    "as Python prints it": lambda usage: str({"usage_object": usage, "x": None, "y": True}),
    "usage_object switched off": lambda usage: {"additional_usage_values": usage},
}
CHAT = (
    *("completion", "acompletion", "atext_completion", "anthropic_messages", "aresponses", "agenerate_content"),
    *("pass_through_endpoint", "allm_passthrough_route", "anything new"),
)
NO_CHAT = (
    *("embedding", "aembedding", "image_generation", "aimage_edit", "atranscription", "aspeech", "arerank"),
    *("amoderation", "aocr", "acreate_batch", "call_mcp_tool", "acreate_file", "avector_store_search"),
)


def test_who_sold_what() -> None:
    names = ("custom_llm_provider", "model", "api_base")
    cases = {name: dict(zip(names, given, strict=True)) for name, (given, _) in SELLERS.items()}
    found = each(LITELLM, ROW, cases, "request_id")
    assert {name: (row["provider"], row["model"]) for name, row in found.items()} == {
        name: wanted for name, (_, wanted) in SELLERS.items()
    }


def test_what_the_metadata_says_of_tokens_in_whatever_form() -> None:
    cases = {
        f"{name} | {form}": {"metadata": write(usage)}
        for name, (usage, _) in USAGES.items()
        for form, write in FORMS.items()
    }
    found = each(LITELLM, ROW, cases, "request_id")
    assert {name: (row["cache_hit_tokens"], row["thinking_tokens"]) for name, row in found.items()} == {
        f"{name} | {form}": wanted for name, (_, wanted) in USAGES.items() for form in FORMS
    }
    assert {(row["input_tokens"], row["output_tokens"]) for row in found.values()} == {(100, 50)}
    odd = {name.partition(" | ")[0] for name, row in found.items() if "counts_contradict" in row["traps"]}
    assert odd == {"a token is missing", "more cached than read", "more thinking than output"}


def test_a_row_without_metadata_counts_and_says_what_is_unknown() -> None:
    given: tuple[Any, ...] = ({}, "", None, "{torn", "[]", '"text"', "5", "null", {"status": "success"})
    found = each(LITELLM, ROW, {str(number): {"metadata": each} for number, each in enumerate(given)}, "request_id")
    for row in found.values():
        assert (row["input_tokens"], row["cache_hit_tokens"], row["output_tokens"]) == (100, None, 50)
        assert row["traps"] == ("no_token_details",)


def test_what_litellm_answered_itself_is_told_and_not_summed() -> None:
    hits = ("True", "true", True, "t")
    others = ("False", "false", False, "None", "", None, "f")
    found = each(LITELLM, ROW, {repr(hit): {"cache_hit": hit} for hit in (*hits, *others)}, "request_id")
    assert {name for name, row in found.items() if "is_out" in row} == {repr(hit) for hit in hits}
    assert {row["traps"] for row in found.values() if "is_out" in row} == {("response_cache",)}


def test_only_calls_that_are_no_chat_are_left_out() -> None:
    found = each(LITELLM, ROW, {call: {"call_type": call} for call in (*CHAT, *NO_CHAT)}, "request_id")
    assert {call for call, row in found.items() if row["traps"] == ("not_chat",)} == set(NO_CHAT)
    assert {call for call, row in found.items() if "is_out" in row} == set(NO_CHAT)


def test_how_a_request_ended() -> None:
    cut = {"error_code": "499", "error_class": "ClientDisconnected"}
    cases: dict[str, dict[str, Any]] = {
        "success": {},
        "older, without the column": {"status": None},
        "the metadata's status": {"status": None, "metadata": {"status": "failure"}},
        "refused": {"status": "failure", "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "spend": 0},
        "client left": {"status": "failure", "metadata": {"error_information": cut}},
        "client left, a number": {"status": "failure", "metadata": {"error_information": {"error_code": 499}}},
        "499 of a success": {"metadata": {"error_information": cut}},
    }
    found = each(LITELLM, ROW, cases, "request_id")
    assert {name: (row["status"], row["input_tokens"], row["cost_low_usd"]) for name, row in found.items()} == {
        "success": ("ok", 100, None),
        "older, without the column": ("ok", 100, None),
        "the metadata's status": ("failed", 100, None),
        "refused": ("failed", 0, None),
        "client left": ("aborted", 100, 0),  # between nothing and nobody knows what
        "client left, a number": ("aborted", 100, 0),
        "499 of a success": ("ok", 100, None),
    }
    assert {row["cost_high_usd"] for row in found.values()} == {None}
    assert {name for name, row in found.items() if "client_left" in row["traps"]} == {
        "client left",
        "client left, a number",
    }


def test_a_silent_experiment_is_billed_and_told_apart() -> None:
    found = read(LITELLM, [ROW, {**ROW, "request_id": "2", "metadata": {"is_silent_experiment": True}}])
    assert (found.total("input_tokens"), found.traps["silent_experiment"]) == (200, 1)


def test_a_billed_retry_is_a_row_of_the_first_request_even_without_its_mark() -> None:
    cases = {"chatcmpl-1-attempt-0": {"metadata": {"billed_retry_attempt": True}}, "chatcmpl-1-attempt-12": {}}
    for row in each(LITELLM, {**ROW, "status": "failure"}, cases, "request_id").values():
        assert (row["attempt_of"], row["status"], row["input_tokens"]) == ("chatcmpl-1", "failed", 100)
        assert "billed_retry" in row["traps"]
        assert json.loads(row["provenance"]) == {"input_tokens": "estimated", "output_tokens": "estimated"}
        assert row["response_id"] is None


def test_what_a_column_lost_the_usage_has() -> None:
    usage = {"prompt_tokens": 70, "completion_tokens": 7, "total_tokens": 77}
    lost = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 77, "metadata": {"usage_object": usage}}
    row = read(LITELLM, [{**ROW, **lost}]).row
    assert (row["input_tokens"], row["output_tokens"]) == (70, 7)


def test_money_tags_names_and_times() -> None:
    metadata = {"user_api_key_alias": "ci", "user_api_key_team_alias": "search", "user_api_key": "88dc28"}
    cases: dict[str, dict[str, Any]] = {
        "full": {
            "spend": "1.23456789e-05", "metadata": metadata,
            "request_tags": '["team:x:y", "nightly", "team:z", "User-Agent: curl/8"]',
            "startTime": "2026-03-04T05:06:07.125Z", "endTime": "2026-03-04 07:06:09+02",
        },
        "bare": {"spend": None, "request_tags": "{torn"},
    }  # fmt: skip
    found = each(LITELLM, ROW, cases, "request_id")
    full, bare = found["full"], found["bare"]
    assert (full["tool_usd"], full["reported_usd"], bare["tool_usd"]) == (Decimal("0.0000123456789"), None, None)
    assert (json.loads(full["tags"]), bare["tags"]) == ({"team": "x:y", "nightly": "true"}, None)
    assert (full["key"], full["project"], bare["key"]) == ("ci", "search", None)
    assert (bare["started_us"], bare["ended_us"]) == (1_772_600_767_125_000, 1_772_600_769_000_000)
    assert (full["started_us"], full["ended_us"]) == (bare["started_us"], bare["ended_us"])


DAY: Mapping[str, Any] = {
    "id": "u-1", "user_id": "me", "date": "2026-03-04", "api_key": "88dc28", "model": "deepseek-chat",
    "custom_llm_provider": "deepseek", "prompt_tokens": "900", "completion_tokens": "90",
    "cache_read_input_tokens": "640",
    "spend": 0.5, "api_requests": "9", "successful_requests": "8", "failed_requests": "1",
    "prompt_caching_savings_spend": 0.1,
}  # fmt: skip


def test_a_day_is_an_aggregate() -> None:
    row = read(LITELLM, [DAY]).row
    assert (row["started_us"], row["span_us"], row["requests"]) == (1_772_582_400_000_000, 86_400_000_000, 9)
    assert (row["input_tokens"], row["cache_hit_tokens"], row["output_tokens"]) == (900, 640, 90)


def test_days_of_two_keys_that_have_no_id_are_two() -> None:
    bare = {**DAY, "id": None}
    found = read(LITELLM, [bare, {**bare, "api_key": "99ab"}, {**bare, "user_id": "you"}, bare])
    assert len({row["id"] for row in found.rows}) == 3
    assert not [row for row in found.rows if "88dc28" in repr(row) or "'me'" in repr(row)]


def test_sums_by_tag_repeat_a_request_for_each_tag() -> None:
    found = read(LITELLM, [{**DAY, "tag": "a"}, {**DAY, "id": "u-2", "tag": "b"}])
    assert (list(found.rows), found.traps) == ([], {"sums_by_tag": 2})
