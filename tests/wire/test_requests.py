"""What is sent differs between providers by the data of their files alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from r1plan.catalog.load import load_providers
from r1plan.catalog.provider import Provider
from r1plan.engine.chat import ChatRequest, Message
from r1plan.engine.dialects.openai_request import request_body
from r1plan.engine.http.chat import HttpEngine
from tests.wire.asking import KEY, ask
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Reply, Wire, recorded, serving

PROVIDERS = load_providers()
OPENAI = [each for each in PROVIDERS.values() if each.dialect == "openai"]
REQUEST = ChatRequest(messages=(Message("user", "x"),), max_tokens=50, max_thinking=20, temperature=0.5)
PLAIN = {
    "model": "m",
    "messages": [{"role": "user", "content": "x"}],
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_tokens": 50,
    "temperature": 0.5,
}
OWN: dict[str, dict[str, Any]] = {
    "openrouter": {"usage": {"include": True}, "reasoning": {"max_tokens": 20}},
    "llama-server": {"reasoning_budget_tokens": 20, "thinking_budget_tokens": 20, "reasoning_control": True},
    "openai": {"max_tokens": None, "max_completion_tokens": 50},
}


@pytest.mark.parametrize("provider", OPENAI, ids=lambda each: each.id)
def test_each_provider_is_asked_in_its_own_way(provider: Provider) -> None:
    expected = PLAIN | OWN.get(provider.id, {})
    assert request_body(REQUEST, "m", provider) == {
        name: value for name, value in expected.items() if value is not None
    }


def test_how_hard_to_think_is_sent_where_it_was_said() -> None:
    body = request_body(replace(REQUEST, effort="max"), "m", OPENAI[0])
    assert body["reasoning_effort"] == "max"


@pytest.mark.parametrize("provider", OPENAI, ids=lambda each: each.id)
def test_each_provider_is_reached_and_answers(provider: Provider) -> None:
    told = ask(Reply(recorded("no-done.sse"), piece_bytes=7), provider.id, model="m")
    (asked,) = told.wire.asked
    assert asked.path == provider.chat_path
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert told.texts[1] == "Yes."


def test_the_eleven_servers_of_the_dialect_are_described() -> None:
    assert {each.id for each in OPENAI} >= {
        "deepseek", "together", "fireworks", "openrouter", "novita", "deepinfra",
        "vllm", "llama-server", "ollama", "tgi", "sglang",
    }  # fmt: skip


def test_ones_own_servers_are_on_loopback_and_need_no_key() -> None:
    own = [each for each in PROVIDERS.values() if each.own_server]
    assert {each.id for each in own} == {"vllm", "llama-server", "ollama", "tgi", "sglang"}
    for each in own:
        assert (each.base_url or "").startswith("http://127.0.0.1:")
        assert (each.needs_key, each.offers) == (False, ())
    assert all(each.needs_key for each in OPENAI if not each.own_server)


def sent(provider: str, *sessions: str | None) -> Wire:
    with serving(Reply(recorded("no-done.sse"))) as wire:
        for session in sessions:
            engine = HttpEngine(PROVIDERS[provider], "m", base_url=wire.url, key=KEY, session=session)
            for _ in range(2):
                list(engine.stream(REQUEST))
            engine.close()
    return wire


def test_a_conversation_finds_its_replica_again() -> None:
    values = [each["x-session-affinity"] for each in sent("fireworks", None, None, "mine").headers]
    assert values[0] == values[1] != values[2] == values[3]
    assert values[4:] == ["mine", "mine"]
    assert all("x-session-affinity" not in each for each in sent("deepseek", "mine").headers)


def test_no_key_no_authorization() -> None:
    with serving(Reply(recorded("no-done.sse"))) as wire:
        engine = HttpEngine(PROVIDERS["vllm"], "m", base_url=wire.url, key=None)
        list(engine.stream(REQUEST))
        engine.close()
    assert "authorization" not in wire.headers[0]


def test_counts_are_not_asked_for_where_that_may_not_be() -> None:
    provider = replace(PROVIDERS["vllm"], include_usage=False, chat_path="/chat", extra_request={"seed": 1})
    assert request_body(ChatRequest(messages=(Message("user", "x"),)), "m", provider) == {
        "model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True, "seed": 1,
    }  # fmt: skip


LLAMA = chunk({"content": "Yes."}, finish="stop") + chunk(
    choices=[], usage=usage(100, 5), timings={"cache_n": 64, "prompt_n": 36, "prompt_ms": 1.5}
)


def test_what_llama_server_kept_is_told_outside_the_usage() -> None:
    found = ask(Reply(LLAMA + DONE), "llama-server", model="m").end.usage
    assert (found.input_tokens, found.cache_hit_tokens) == (100, 64)
    assert found.provenance["cache_hit_tokens"] == "reported"
    assert ask(Reply(LLAMA + DONE), "vllm", model="m").end.usage.cache_hit_tokens is None


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        ("0.00095", Decimal("0.00095")),
        ("1e-05", Decimal("0.00001")),
        ("0", Decimal(0)),
        ("-1", None),
        ('"free"', None),
        ("true", None),
        ("null", None),
        ("1e400", None),
    ],
)
def test_what_openrouter_says_it_bills_is_kept_exactly(cost: str, expected: Decimal | None) -> None:
    told = usage(100, 5, cost="COST")
    body = chunk({"content": "Yes."}, finish="stop", usage=told).replace(b'"COST"', cost.encode()) + DONE
    assert ask(Reply(body), "openrouter").end.reported_usd == expected
    assert ask(Reply(body), "deepseek").end.reported_usd is None


def test_what_a_stream_had_said_of_its_bill_before_it_broke_off_is_known() -> None:
    body = chunk({"content": "Yes"}) + chunk(usage=usage(100, 5, cost=0.00095))
    told = ask(Reply(body, cut=True), "openrouter")
    assert told.error is not None
    assert told.billed_so_far == Decimal("0.00095")
    assert ask(Reply(chunk({"content": "Yes"}), cut=True), "openrouter").billed_so_far is None


def test_a_server_of_ones_own_is_asked_without_a_key_and_has_no_price() -> None:
    with serving(Reply(LLAMA + DONE)) as wire:
        done = subprocess.run(
            [sys.executable, "-m", "r1plan", "chat", "--provider", "llama-server", "--model", "r1", "x", "--json"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "R1PLAN_LLAMA_SERVER_BASE_URL": wire.url},
            check=True,
        )
    document = json.loads(done.stdout)
    assert document["answer"] == "Yes."
    assert (document["usage"]["cache_hit_tokens"], document["cost"]["total_usd"]) == (64, None)
    assert "authorization" not in wire.headers[0]
