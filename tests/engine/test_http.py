"""A provider's stream becomes the same events and the same usage, however it is cut and whatever it leaves out."""

from __future__ import annotations

import socket

import httpx
import pytest

from r1plan.catalog.load import load_providers
from r1plan.catalog.provider import Provider
from r1plan.engine.chat import Answer, ChatRequest, Event, Finished, Message, Thinking, WasThinking
from r1plan.engine.http.chat import HttpEngine
from r1plan.engine.http.faults import translated
from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError
from tests.wire.server import Reply, recorded, serving

KEY = "sk-planted-key-123"
QUESTION = ChatRequest(messages=(Message("user", "What is 17 + 25?"),), max_tokens=500)


@pytest.fixture
def deepseek() -> Provider:
    return load_providers()["deepseek"]


def ask(provider: Provider, reply: Reply, request: ChatRequest = QUESTION) -> list[Event]:
    with serving(reply) as wire:
        engine = HttpEngine(provider, "deepseek-flash", base_url=wire.url, key=KEY)
        try:
            return list(engine.stream(request))
        finally:
            engine.close()


def texts(events: list[Event]) -> tuple[str, str]:
    thinking = answer = ""
    for event in events:
        match event:
            case Thinking(text):
                thinking += text
            case Answer(text):
                answer += text
            case WasThinking():
                thinking, answer = answer, ""
    return thinking, answer


def end(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1 << 20])
def test_deepseeks_stream_is_read_whole_in_pieces_of_any_size(deepseek: Provider, size: int) -> None:
    events = ask(deepseek, Reply(recorded("deepseek.sse"), piece_bytes=size))
    assert texts(events) == ("先想一想。 17 + 25 ≈ 42", "The answer is 42 🎉.")
    usage = end(events).usage
    assert (usage.input_tokens, usage.cache_hit_tokens) == (1000, 640)
    assert (usage.output_tokens, usage.thinking_tokens) == (300, 250)
    assert set(usage.provenance.values()) == {"reported"}
    assert end(events).reason == "stop"
    assert end(events).served_model == "deepseek-flash"


def test_what_is_asked_is_what_the_provider_documents(deepseek: Provider) -> None:
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        engine = HttpEngine(deepseek, "deepseek-flash", base_url=wire.url, key=KEY)
        list(engine.stream(QUESTION))
        engine.close()
    assert wire.requests == [
        {
            "model": "deepseek-flash",
            "messages": [{"role": "user", "content": "What is 17 + 25?"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 500,
        }
    ]
    assert wire.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("no-done.sse", ("hm", "Yes."), id="no [DONE]"),
        pytest.param("both-names.sse", ("once", "Yes."), id="thinking under two names counts once"),
        pytest.param("together-r1.sse", ("", "<think>\nlet me see</think>\n\nYes."), id="its tags are text"),
        pytest.param("no-usage.sse", ("hm, let me think", "Yes."), id="no usage"),
        pytest.param("all-thinking.sse", ("thinking and thinking", ""), id="everything was thinking"),
    ],
)
def test_the_thinking_is_told_from_the_answer(deepseek: Provider, name: str, expected: tuple[str, str]) -> None:
    assert texts(ask(deepseek, Reply(recorded(name), piece_bytes=5))) == expected


def test_togethers_cached_tokens_at_the_top_level_are_found() -> None:
    usage = end(ask(load_providers()["together"], Reply(recorded("together-r1.sse")))).usage
    assert (usage.input_tokens, usage.cache_hit_tokens, usage.output_tokens) == (100, 64, 20)
    assert usage.provenance["thinking_tokens"] == "estimated"
    assert usage.thinking_tokens is not None
    assert 0 < usage.thinking_tokens < 20


def test_without_usage_everything_is_estimated_and_marked(deepseek: Provider) -> None:
    usage = end(ask(deepseek, Reply(recorded("no-usage.sse")))).usage
    assert usage.cache_hit_tokens is None
    assert usage.input_tokens > 0
    assert set(usage.provenance.values()) == {"estimated"}


def test_the_last_usage_wins_and_none_is_added_up(deepseek: Provider) -> None:
    usage = end(ask(deepseek, Reply(recorded("two-usages.sse")))).usage
    assert (usage.input_tokens, usage.output_tokens) == (10, 5)


def test_impossible_numbers_are_flagged_and_their_part_is_unknown(deepseek: Provider) -> None:
    usage = end(ask(deepseek, Reply(recorded("impossible.sse")))).usage
    assert usage.cache_hit_tokens is None
    assert usage.thinking_tokens is None
    assert (usage.input_tokens, usage.output_tokens) == (10, 5)
    assert len(usage.flags) == 2


def test_the_model_that_answered_is_told_from_the_one_asked_for(deepseek: Provider) -> None:
    assert end(ask(deepseek, Reply(recorded("other-model.sse")))).served_model == "deepseek-v4.1-flash-1017"


def test_an_answer_that_ran_into_its_limit_says_so(deepseek: Provider) -> None:
    assert end(ask(deepseek, Reply(recorded("all-thinking.sse")))).reason == "length"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(Reply(recorded("error-inside.sse")), "broke off the answer: engine overloaded", id="error inside"),
        pytest.param(Reply(recorded("cut.sse")), "broke off the answer before its end", id="ends early"),
        pytest.param(Reply(recorded("cut.sse"), cut=True), "the connection to DeepSeek", id="connection cut"),
    ],
)
def test_what_came_before_a_break_is_kept(deepseek: Provider, reply: Reply, message: str) -> None:
    with serving(reply) as wire:
        engine = HttpEngine(deepseek, "deepseek-flash", base_url=wire.url, key=KEY)
        events: list[Event] = []
        with pytest.raises(ProviderError, match=message):
            events.extend(_collected(engine, events))
        usage = engine.usage_so_far()
        engine.close()
    assert texts(events)[1] == "Ye"
    assert usage is not None
    assert usage.output_tokens > 0
    assert usage.provenance["output_tokens"] == "estimated"


def _collected(engine: HttpEngine, into: list[Event]) -> list[Event]:
    for event in engine.stream(QUESTION):
        into.append(event)  # noqa: PERF402  # what came before an error must be kept
    return []


def error_body(message: str) -> bytes:
    return b'{"error": {"message": "' + message.encode() + b'"}}'


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "did not accept the request (400): bad"),
        (401, "did not accept the key (401)."),
        (402, "balance at DeepSeek is used up (402): bad"),
        (404, "does not know the model 'deepseek-flash'"),
        (422, "did not accept the request (422): bad"),
        (429, "takes no more requests from this account now (429): bad"),
        (500, "failed (500): bad"),
        (503, "is overloaded (503): bad"),
        (418, "refused the request (418): bad"),
    ],
)
def test_each_refusal_says_what_it_means_and_what_to_do(deepseek: Provider, status: int, message: str) -> None:
    reply = Reply(error_body(f"bad {KEY}"), status=status, content_type="application/json")
    with pytest.raises(ProviderError) as raised:
        ask(deepseek, reply)
    assert message in raised.value.message
    assert raised.value.hint
    assert ("DEEPSEEK_API_KEY, or what the keyring or keys.yaml holds" in raised.value.hint) is (status == 401)
    assert raised.value.status == status
    assert KEY not in raised.value.message + raised.value.hint


def test_a_redirect_is_not_followed_as_it_would_carry_the_key(deepseek: Provider) -> None:
    with serving(Reply(recorded("deepseek.sse"))) as elsewhere:
        reply = Reply(b"", status=307, headers={"Location": elsewhere.url})
        with pytest.raises(ProviderError, match="redirects are not followed"):
            ask(deepseek, reply)
    assert elsewhere.requests == []


def test_a_refused_connection_names_the_host_and_not_the_key(deepseek: Provider) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    engine = HttpEngine(deepseek, "deepseek-flash", base_url=f"http://user:secret@127.0.0.1:{port}", key=KEY)
    with pytest.raises(ProviderError, match=f"cannot reach DeepSeek at 127.0.0.1:{port}: connection refused") as raised:
        list(engine.stream(QUESTION))
    engine.close()
    assert KEY not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert engine.usage_so_far() is None


@pytest.mark.parametrize(
    ("name", "host", "said", "hint"),
    [
        pytest.param("X", "x.org", "cannot reach X at x.org: refused.", "--base-url", id="named"),
        pytest.param("x.org:9", "x.org:9", "cannot reach x.org:9: refused.", "--base-url", id="host-alone"),
        pytest.param("x.org", "x.org.au", "cannot reach x.org at x.org.au: refused.", "--base-url", id="longer-host"),
        pytest.param(
            "x.org",
            "x.org (through the proxy http://p)",
            "cannot reach x.org (through the proxy http://p): refused.",
            "NO_PROXY",
            id="proxy",
        ),
    ],
)
def test_who_is_not_reached_is_named_once_and_a_proxy_is_in_the_hint(
    name: str, host: str, said: str, hint: str
) -> None:
    with pytest.raises(ProviderError) as raised, translated(name, host, Watchdog(ServerLimits(), 1.0, lambda: None)):
        raise httpx.ConnectError("refused")
    assert raised.value.message == said
    assert hint in (raised.value.hint or "")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(b"<html>hello</html>", content_type="text/html"), id="a page"),
        pytest.param(Reply(b'{"choices": []}', content_type="application/json"), id="not a stream"),
        pytest.param(Reply(b"data: not json\n\n"), id="not JSON"),
        pytest.param(Reply(b"data: [1, 2]\n\n"), id="not an object"),
        pytest.param(Reply(b"data: " + b"[" * 100_000 + b"\n\n"), id="nested without end"),
        pytest.param(Reply(b"data: " + b"x" * (9 << 20)), id="a line without end"),
        pytest.param(Reply(b""), id="nothing"),
    ],
)
def test_what_is_not_a_chat_stream_is_one_sentence(deepseek: Provider, reply: Reply) -> None:
    with pytest.raises(ProviderError) as raised:
        ask(deepseek, reply)
    assert raised.value.hint
    assert len(raised.value.message) < 500
