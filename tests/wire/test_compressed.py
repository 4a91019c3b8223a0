"""A reply that is compressed, which was not asked for, is refused, and never expanded."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError
from tests.wire.asking import Told, ask
from tests.wire.server import Reply, recorded

WHOLE = recorded("deepseek.sse")
# 64 MiB in about 200 bytes.
BOMB = gzip.compress(gzip.compress(bytes(1 << 26)))


def error_of(told: Told) -> ProviderError:
    assert isinstance(told.error, ProviderError)
    return told.error


def test_an_answer_is_asked_for_as_it_is() -> None:
    assert ask(Reply(WHOLE)).wire.headers[0]["accept-encoding"] == "identity"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "zstd", "deflate", "gzip, gzip", "identity, gzip", "what"])
def test_an_encoding_that_was_not_asked_for_is_a_bad_answer(encoding: str) -> None:
    told = ask(Reply(gzip.compress(WHOLE), headers={"Content-Encoding": encoding}))
    error = error_of(told)
    assert error.message == (
        f"DeepSeek sent an encoded answer (Content-Encoding: '{encoding}'), which was not asked for."
    )
    assert (error.fault, told.events) == ("bad_stream", [])
    assert error.hint


@pytest.mark.parametrize("encoding", ["", "identity", "Identity", "identity, identity"])
def test_an_encoding_that_changes_nothing_is_none(encoding: str) -> None:
    assert ask(Reply(WHOLE, headers={"Content-Encoding": encoding})).end.reason == "stop"


@pytest.mark.parametrize(
    ("status", "content_type"), [(200, "text/event-stream"), (200, "text/html"), (500, "text/html")]
)
def test_what_would_expand_to_any_size_is_not_expanded(status: int, content_type: str) -> None:
    tracemalloc.start()
    told = ask(Reply(BOMB, status, content_type, headers={"Content-Encoding": "gzip, gzip"}))
    _now, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error_of(told).status == (None if status == 200 else 500)
    assert peak_bytes < 1 << 24


def test_a_refusal_that_is_compressed_keeps_its_status_and_loses_its_words() -> None:
    body = gzip.compress(b'{"error": {"message": "slow down"}}')
    error = error_of(
        ask(Reply(body, 429, "application/json", headers={"Content-Encoding": "gzip", "Retry-After": "7"}))
    )
    assert (error.status, error.fault, error.retry_after_s) == (429, "refused", 7)
    assert "slow down" not in error.message


def test_a_replicate_that_compresses_its_predictions_is_refused_too() -> None:
    reply = Reply(gzip.compress(b"{}"), 201, "application/json", headers={"Content-Encoding": "gzip"})
    error = error_of(ask(reply, "replicate", model="deepseek-ai/deepseek-r1"))
    assert error.fault == "bad_stream"
    assert "which was not asked for" in error.message


def test_bytes_are_counted_as_they_come() -> None:
    told = ask(Reply(BOMB, 500, headers={"Content-Encoding": "gzip"}), limits=ServerLimits(body_bytes=len(BOMB)))
    assert error_of(told).message == "DeepSeek failed (500)."
