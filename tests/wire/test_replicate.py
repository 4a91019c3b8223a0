"""Replicate's predictions: created, streamed, counted, and canceled when they are not read to their end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from r1plan.catalog.load import load_providers
from r1plan.engine.chat import Answer, ChatRequest, Message, Thinking
from r1plan.engine.dialects.replicate import Prediction, prompt_of
from r1plan.engine.http.transport import Transport
from r1plan.engine.keys import ApiKey
from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError
from tests.wire.asking import KEY, QUESTION, ask, engine_for, run
from tests.wire.chunks import event
from tests.wire.server import Asked, Reply, serving

WHOLE = event("output", "<think>hm") + event("output", "</think>", "", "42") + event("done", "{}")
COUNTS = {"input_token_count": 11, "output_token_count": 9}


def replicate(
    stream: Reply, *, created: dict[str, Any] | None = None, states: list[dict[str, Any]] | None = None
) -> Callable[[Asked], Reply]:
    """Replicate's side. `created` joins what the creation answers, `states` are what looking at it answers in turn."""
    looks = states if states is not None else [{"status": "succeeded", "metrics": COUNTS}]

    def answer(asked: Asked) -> Reply:
        if asked.path == "/stream/p1":
            return stream
        base: dict[str, Any] = {"id": "p1", "model": "deepseek-ai/deepseek-r1", "status": "starting"}
        if asked.path.endswith("/deepseek-r1/predictions"):
            urls = {"stream": f"http://{asked.headers['host']}/stream/p1"}
            return Reply(json.dumps(base | {"urls": urls} | (created or {})).encode(), 201, "application/json")
        if asked.path == "/predictions/p1/cancel":
            return Reply(json.dumps(base | {"status": "canceled"}).encode(), 200, "application/json")
        assert (asked.method, asked.path) == ("GET", "/predictions/p1")
        return Reply(
            json.dumps(base | (looks.pop(0) if len(looks) > 1 else looks[0])).encode(), 200, "application/json"
        )

    return answer


def test_a_prediction_becomes_the_same_events_as_any_stream() -> None:
    told = ask(
        replicate(Reply(WHOLE)),
        "replicate",
        request=ChatRequest(messages=(Message("user", "x"),), max_tokens=50, seed=7),
    )
    assert told.events[:-1] == [Thinking("hm"), Answer("42")]
    assert (told.end.reason, told.end.served_model) == ("stop", "deepseek-ai/deepseek-r1")
    assert (told.end.usage.input_tokens, told.end.usage.output_tokens) == (11, 9)
    created, streamed, looked = told.wire.asked
    assert (created.method, created.path) == ("POST", "/models/deepseek-ai/deepseek-r1/predictions")
    assert created.body == {"input": {"prompt": "x", "max_tokens": 50, "seed": 7}, "stream": True}
    assert streamed.headers["accept"] == "text/event-stream"
    assert [each.headers["authorization"] for each in (created, streamed, looked)] == [f"Bearer {KEY}"] * 3


def test_what_a_prediction_bills_is_read_where_its_file_says() -> None:
    known = load_providers()["replicate"]
    provider = replace(known, usage=replace(known.usage, reported_usd=(("metrics.usd",),)))
    for asked, usd in ((known, None), (provider, Decimal("0.01"))):
        prediction = Prediction(asked, QUESTION)
        prediction.state({"metrics": COUNTS | {"usd": Decimal("0.01")}})
        assert prediction.finished().reported_usd == usd


def test_a_count_that_reached_the_limit_is_an_answer_cut_off() -> None:
    request = ChatRequest(messages=(Message("user", "x"),), max_tokens=9)
    told = ask(replicate(Reply(WHOLE)), "replicate", request=request)
    assert told.end.reason == "length"


def test_counts_that_come_a_moment_later_are_waited_for() -> None:
    states: list[dict[str, Any]] = [
        {"status": "processing"},
        {"status": "processing"},
        {"status": "succeeded", "metrics": COUNTS},
    ]
    told = ask(replicate(Reply(WHOLE), states=states), "replicate")
    assert told.end.usage.output_tokens == 9


def test_counts_that_never_come_are_estimated_and_said_so() -> None:
    told = ask(replicate(Reply(WHOLE), states=[{"status": "processing"}]), "replicate")
    assert set(told.end.usage.provenance.values()) == {"estimated"}
    assert len(told.wire.asked) == 7


def paths(asked: list[Asked]) -> list[str]:
    return [each.path for each in asked]


@pytest.mark.parametrize(
    ("stream", "message", "fault"),
    [
        pytest.param(Reply(event("output", "hm"), cut=True), "broke off", "connection_lost", id="connection lost"),
        pytest.param(Reply(event("output", "hm")), "broke off the answer before its end", "connection_lost", id="ends"),
        pytest.param(
            Reply(event("output", "hm") + event("error", '{"detail": "CUDA is out"}')),
            "broke off the answer: CUDA is out",
            "server_failed",
            id="error event",
        ),
        pytest.param(
            Reply(event("output", "hm") + event("done", '{"reason": "error"}')),
            "broke off the answer: it failed",
            "server_failed",
            id="done with an error",
        ),
        pytest.param(Reply(event("output", "hm"), hang=True), "sent nothing more", "stalled", id="stalls"),
        pytest.param(Reply(b"", 404, "application/json"), "does not know the model", "refused", id="no stream there"),
    ],
)
def test_a_prediction_that_broke_off_is_canceled(stream: Reply, message: str, fault: str) -> None:
    told = ask(replicate(stream), "replicate", limits=ServerLimits(stall_s=0.2))
    assert isinstance(told.error, ProviderError)
    assert message in told.error.message
    assert told.error.fault == fault
    assert paths(told.wire.asked)[-1] == "/predictions/p1/cancel"
    assert told.usage_so_far is not None
    assert told.usage_so_far.provenance["output_tokens"] == "estimated"


def test_ctrl_c_cancels_the_prediction() -> None:
    def interrupt(_event: object) -> None:
        raise KeyboardInterrupt

    with serving(replicate(Reply(event("output", "hm, "), drip=event("output", "and "), pause_s=0.005))) as wire:
        engine = engine_for("replicate", wire.url)
        result = run(engine, show=interrupt)
        engine.close()
    assert result.finish == "aborted"
    assert result.entry.model_served == "deepseek-ai/deepseek-r1"
    assert paths(wire.asked)[-1] == "/predictions/p1/cancel"


@pytest.mark.parametrize(
    "created",
    [
        pytest.param({"urls": {}}, id="no address to stream from"),
        pytest.param({"urls": None}, id="no addresses"),
        pytest.param({"urls": {"stream": "file:///etc/passwd"}}, id="a file"),
        pytest.param({"id": "../../v1/account"}, id="an id that is a path"),
        pytest.param({"status": "failed", "error": "the model is gone"}, id="failed at once"),
    ],
)
def test_a_creation_that_cannot_be_streamed_is_one_sentence(created: dict[str, Any]) -> None:
    told = ask(replicate(Reply(WHOLE), created=created), "replicate")
    assert isinstance(told.error, ProviderError)
    assert told.error.hint
    was_canceled = paths(told.wire.asked)[1:] == ["/predictions/p1/cancel"]
    assert was_canceled is ("id" not in created and "status" not in created)


def test_what_is_no_owner_and_name_is_refused_before_anything_is_sent() -> None:
    told = ask(replicate(Reply(WHOLE)), "replicate", model="../account?x")
    assert isinstance(told.error, ProviderError)
    assert told.wire.asked == []


def test_the_key_does_not_go_to_an_address_that_a_reply_names_elsewhere() -> None:
    with serving(Reply(WHOLE)) as elsewhere:
        created = {"urls": {"stream": f"{elsewhere.url}/stream"}}
        told = ask(replicate(Reply(b""), created=created), "replicate")
    assert told.texts == ("hm", "42")
    assert ["authorization" in each.headers for each in elsewhere.asked] == [False]


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://api.replicate.com/v1/predictions/x", True),
        ("https://stream.replicate.com/v1/x", True),
        ("https://stream-b.svc.rno2.c.replicate.net/x", True),
        ("http://stream.replicate.com/x", False),
        ("https://replicate.com.evil.example/x", False),
        ("https://evilreplicate.com/x", False),
        ("https://api.replicate.com:8443/x", True),
        ("https://example.com/x", False),
    ],
)
def test_the_key_goes_to_the_providers_own_hosts_over_https_alone(url: str, trusted: bool) -> None:
    provider = load_providers()["replicate"]
    assert provider.base_url is not None
    transport = Transport(provider, "m", base_url=provider.base_url, key=ApiKey(KEY), limits=ServerLimits())
    assert transport._is_trusted(url) is trusted
    transport.close()


def test_from_a_safe_address_none_that_is_not_safe_is_followed() -> None:
    engine = engine_for("replicate", "https://127.0.0.1:1")
    with pytest.raises(ProviderError, match="not safe to stream from"):
        engine._checked("http://127.0.0.1:1/x")  # type: ignore[attr-defined]
    engine.close()


def test_a_conversation_is_one_text_for_a_prediction() -> None:
    one = (Message("system", "Be brief."), Message("user", "Hi"))
    assert prompt_of(one) == "Be brief.\n\nHi"
    more = (*one, Message("assistant", "Hello.", "a greeting"), Message("user", "17 + 25?"))
    assert prompt_of(more) == "Be brief.\n\nUser: Hi\n\nAssistant: Hello.\n\nUser: 17 + 25?\n\nAssistant:"
    assert QUESTION.messages[0].content == prompt_of(QUESTION.messages)
