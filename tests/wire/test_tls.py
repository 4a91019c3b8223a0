"""TLS is always verified; over a connection that is, all is as without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError
from tests.wire.asking import QUESTION, Told, engine_for
from tests.wire.chunks import chunk
from tests.wire.server import Reply, recorded, serving

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that only its own key signed, and that key, in one file.

    It needs `cryptography`, which comes with the keyring of Linux; elsewhere the tests that use it are skipped.
    """
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "loopback.pem"
    file.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return file


def test_no_private_key_lies_among_the_files() -> None:
    mark = b"PRIVATE " + b"KEY-----"
    folders = ("r1plan", "tests", "profiles", "pricing")
    files = [
        each
        for folder in folders
        for each in (TOP / folder).rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    ]
    assert files
    assert [each for each in files if mark in each.read_bytes()] == []


@pytest.mark.parametrize("provider", ["deepseek", "vllm", "replicate"])
def test_a_certificate_that_nobody_signed_is_refused_and_nothing_is_sent(provider: str, certificate: Path) -> None:
    with serving(Reply(recorded("deepseek.sse")), certificate=certificate) as wire:
        engine = engine_for(provider, wire.url, model="a/b")
        with pytest.raises(ProviderError, match=r"cannot reach .*certificate verify failed") as raised:
            list(engine.stream(QUESTION))
        engine.close()
    assert raised.value.fault == "unreachable"
    assert wire.asked == []


def test_a_certificate_for_another_host_is_refused(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(Reply(recorded("deepseek.sse")), certificate=certificate) as wire:
        engine = engine_for("deepseek", wire.url.replace("127.0.0.1", "localhost"))
        with pytest.raises(ProviderError, match="certificate verify failed"):
            list(engine.stream(QUESTION))
        engine.close()
    assert wire.asked == []


@pytest.mark.parametrize("piece_bytes", [3, 1 << 20])
def test_over_tls_the_answer_and_the_limits_are_the_same(
    piece_bytes: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    replies = [
        Reply(recorded("deepseek.sse"), piece_bytes=piece_bytes),
        Reply(chunk({"content": "Ye"}), hang=True),
        Reply(b"", wait_before_s=60),
    ]
    with serving(lambda _asked: replies.pop(0), certificate=certificate) as wire:
        engine = engine_for("deepseek", wire.url, limits=ServerLimits(first_token_s=1, stall_s=0.2))
        assert Told(wire, list(engine.stream(QUESTION))).texts[1] == "The answer is 42 🎉."
        for fault in ("stalled", "first_token_timeout"):
            with pytest.raises(ProviderError) as raised:
                list(engine.stream(QUESTION))
            assert raised.value.fault == fault
        engine.close()
