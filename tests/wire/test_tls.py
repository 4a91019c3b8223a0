"""TLS is always verified; over a connection that is, all is as without."""

from __future__ import annotations

import pytest

from r1plan.engine.limits import Limits
from r1plan.errors import ProviderError
from tests.wire.asking import QUESTION, Told, engine_for
from tests.wire.chunks import chunk
from tests.wire.server import FOLDER, Reply, recorded, serving


@pytest.mark.parametrize("provider", ["deepseek", "vllm", "replicate"])
def test_a_certificate_that_nobody_signed_is_refused_and_nothing_is_sent(provider: str) -> None:
    with serving(Reply(recorded("deepseek.sse")), tls=True) as wire:
        engine = engine_for(provider, wire.url, model="a/b")
        with pytest.raises(ProviderError, match=r"cannot reach .*certificate verify failed") as raised:
            list(engine.stream(QUESTION))
        engine.close()
    assert raised.value.fault == "unreachable"
    assert wire.asked == []


def test_a_certificate_for_another_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(FOLDER / "self-signed.pem"))
    with serving(Reply(recorded("deepseek.sse")), tls=True) as wire:
        engine = engine_for("deepseek", wire.url.replace("127.0.0.1", "localhost"))
        with pytest.raises(ProviderError, match="certificate verify failed"):
            list(engine.stream(QUESTION))
        engine.close()
    assert wire.asked == []


@pytest.mark.parametrize("piece_bytes", [3, 1 << 20])
def test_over_tls_the_answer_and_the_limits_are_the_same(piece_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(FOLDER / "self-signed.pem"))
    replies = [
        Reply(recorded("deepseek.sse"), piece_bytes=piece_bytes),
        Reply(chunk({"content": "Ye"}), hang=True),
        Reply(b"", wait_before_s=60),
    ]
    with serving(lambda _asked: replies.pop(0), tls=True) as wire:
        engine = engine_for("deepseek", wire.url, limits=Limits(first_token_s=1, stall_s=0.2))
        assert Told(wire, list(engine.stream(QUESTION))).texts[1] == "The answer is 42 🎉."
        for fault in ("stalled", "first_token_timeout"):
            with pytest.raises(ProviderError) as raised:
                list(engine.stream(QUESTION))
            assert raised.value.fault == fault
        engine.close()
