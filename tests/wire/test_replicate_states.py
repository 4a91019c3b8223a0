"""A prediction's states and addresses are read as Replicate sends them, and as nobody should."""

from __future__ import annotations

import json
from typing import Any

import pytest

from r1plan.errors import ProviderError
from tests.wire.asking import KEY, QUESTION, ask
from tests.wire.chunks import event
from tests.wire.server import Reply, serving
from tests.wire.test_replicate import COUNTS, WHOLE, paths, replicate

NOTHING = event("done", "{}")


@pytest.mark.parametrize(
    "url",
    [
        "https://[bad",
        "http://[::1",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/x",
        "javascript:alert(1)",
        "//127.0.0.1/x",
        "/stream/p1",
        "http://",
        "http:///x",
        "http://user:pass@127.0.0.1/x",
        "http://api.replicate.com@127.0.0.1/x",
        "http://127.0.0.1:99999/x",
        "http://127.0.0.1:0/x",
        "http://127.0.0.1:x/",
        "http://127.0.0.1 /x",
        "http://127.0.0.1/\r\nX: y",
        "http://127.0.0.1\\@elsewhere/",
        "http://ex\u00e4mple/",
        "http://a..b/",
        "\ud800",
        "x" * 100_000,
    ],
)
def test_an_address_that_is_none_or_not_safe_is_one_sentence_and_is_canceled(url: str) -> None:
    told = ask(replicate(Reply(WHOLE), created={"urls": {"stream": url}}), "replicate")
    assert isinstance(told.error, ProviderError)
    assert told.error.hint
    assert len(told.error.message) < 300
    assert paths(told.wire.asked)[1:] == ["/predictions/p1/cancel"]


@pytest.mark.parametrize("url", [[], {}, 7, True, None, ""])
def test_an_address_that_is_no_text_is_none(url: Any) -> None:
    told = ask(replicate(Reply(WHOLE), created={"urls": {"stream": url}}), "replicate")
    assert isinstance(told.error, ProviderError)
    assert told.error.message == "Replicate gave no address to stream the answer from."


@pytest.mark.parametrize("status", [[], {}, 7, True, None, "new", "Succeeded"])
@pytest.mark.parametrize("at", ["created", "looked at"])
def test_a_status_of_any_shape_is_no_crash_and_no_failure(status: Any, at: str) -> None:
    created = {"status": status} if at == "created" else {}
    states = [{"status": status if at == "looked at" else "succeeded", "metrics": COUNTS}]
    told = ask(replicate(Reply(WHOLE, piece_bytes=7), created=created, states=states), "replicate")
    assert told.texts == ("hm", "42")
    assert (told.end.reason, told.end.usage.output_tokens) == ("stop", 9)


@pytest.mark.parametrize("metrics", [[], "x", 7, {"output_token_count": "many"}, {"output_token_count": -1}, {"x": {}}])
def test_metrics_of_any_shape_are_estimated(metrics: Any) -> None:
    told = ask(replicate(Reply(WHOLE), states=[{"status": "succeeded", "metrics": metrics}]), "replicate")
    assert told.texts == ("hm", "42")
    assert told.end.usage.provenance["output_tokens"] == "estimated"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"status": "failed", "error": "CUDA is out"}, "CUDA is out"),
        ({"status": "failed", "error": {"detail": "CUDA is out"}}, "CUDA is out"),
        ({"status": "failed", "error": [7]}, "it gave no reason"),
        ({"status": "failed"}, "it failed"),
        ({"status": "canceled"}, "it was canceled"),
        ({"status": "aborted"}, "it was aborted"),
        ({"status": "failed", "error": f"{'x' * 290}{KEY}"}, "x" * 290 + "[key]"),
    ],
)
@pytest.mark.parametrize("at", ["created", "looked at"])
def test_a_prediction_that_ended_badly_has_failed_whenever_it_says_so(
    state: dict[str, Any], said: str, at: str
) -> None:
    told = ask(
        replicate(Reply(NOTHING), created=state) if at == "created" else replicate(Reply(NOTHING), states=[state]),
        "replicate",
    )
    assert isinstance(told.error, ProviderError)
    assert told.error.message == f"Replicate broke off the answer: {said}."
    assert told.error.worth_failing_over


@pytest.mark.parametrize(
    ("reason", "said"),
    [("canceled", "it was canceled"), ("aborted", "it was aborted"), ("error", "it failed"), ([7], "it failed")],
)
def test_a_stream_that_is_done_for_a_reason_has_failed(reason: Any, said: str) -> None:
    body = event("output", "hm") + event("done", json.dumps({"reason": reason}))
    for size in (1, 7, 64):
        told = ask(replicate(Reply(body, piece_bytes=size)), "replicate")
        assert isinstance(told.error, ProviderError)
        assert told.error.message == f"Replicate broke off the answer: {said}."


OUTPUT = "<think>hm</think>\n\n42"


@pytest.mark.parametrize("output", [OUTPUT, [OUTPUT], list(OUTPUT), {"text": OUTPUT}])
def test_output_that_was_not_streamed_is_read_from_the_state(output: Any) -> None:
    done = {"status": "succeeded", "output": output, "metrics": COUNTS}
    for told in (
        ask(replicate(Reply(NOTHING), states=[done]), "replicate"),
        ask(replicate(Reply(NOTHING), created={**done, "urls": {}}), "replicate"),
    ):
        assert (told.texts, told.end.reason, told.end.usage.output_tokens) == (("hm", "42"), "stop", 9)


def test_output_that_was_streamed_is_not_read_again() -> None:
    states = [{"status": "succeeded", "output": ["<think>hm</think>", "42"], "metrics": COUNTS}]
    assert ask(replicate(Reply(WHOLE), states=states), "replicate").texts == ("hm", "42")


def test_the_stream_may_be_at_another_host_of_any_media_type_and_gets_no_key() -> None:
    with serving(Reply(WHOLE, content_type="text/plain", piece_bytes=3)) as elsewhere:
        told = ask(replicate(Reply(b""), created={"urls": {"stream": f"{elsewhere.url}/s"}}), "replicate")
    assert told.texts == ("hm", "42")
    assert "authorization" not in elsewhere.asked[0].headers


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"detail": "gone"}', "Replicate broke off the answer: gone."),
        (b'{"error": "gone"}', "Replicate broke off the answer: gone."),
        (b"<html><title>Gone</title>", "Replicate answered with application/json instead of a stream: Gone."),
    ],
)
def test_a_stream_that_is_none_is_one_sentence(body: bytes, message: str) -> None:
    told = ask(replicate(Reply(body, content_type="application/json")), "replicate", request=QUESTION)
    assert isinstance(told.error, ProviderError)
    assert told.error.message == message


@pytest.mark.parametrize(
    "body", [b"[]", b"<html>", b"", b"7", b"[" * 5000, b'{"id": ["p1"]}', b'{"urls": []}', b"\xff"]
)
def test_a_creation_of_any_shape_is_one_sentence(body: bytes) -> None:
    told = ask(Reply(body, 201, "application/json"), "replicate")
    assert isinstance(told.error, ProviderError)
    assert told.error.hint
