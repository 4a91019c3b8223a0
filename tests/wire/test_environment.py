"""What the environment does to a request is told in a sentence, costs nothing and leaves no row open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from r1plan.engine.chat import ChatRequest, Message
from r1plan.errors import ProviderError
from tests.wire.asking import ask, engine_for
from tests.wire.server import Reply, recorded, serving

KEY = "sk-planted-0a1b2c3d4e5f"
WHOLE = Reply(recorded("deepseek.sse"))
OUTSIDE = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def chat(*words: str | bytes, **environment: str | bytes) -> tuple[int, str]:
    """The exit code of one chat with DeepSeek, and all that it prints."""
    encoded = {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}
    done = subprocess.run(
        [sys.executable, "-m", "r1plan", "chat", "--provider", "deepseek", *words],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environb, b"DEEPSEEK_API_KEY": KEY.encode(), **encoded},
        check=False,
    )
    shown = (done.stdout + done.stderr).decode()
    assert "Traceback" not in shown
    assert KEY not in shown
    return done.returncode, shown


def rows(home: Path) -> list[dict[str, object]]:
    """The last row of each request."""
    lines = [line for path in sorted(home.rglob("*.jsonl")) for line in path.read_text().splitlines()]
    return list({row["id"]: row for row in map(json.loads, lines)}.values())


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        pytest.param({"ALL_PROXY": "foo://me:secret@127.0.0.1:1"}, "names a proxy that cannot be used", id="no proxy"),
        pytest.param(
            {"HTTPS_PROXY": "http://me:secret@exämple..invalid:1"}, "names a proxy that cannot be used", id="its host"
        ),
        pytest.param({"SSL_CERT_FILE": "/nonexistent.pem"}, "cannot be read: no such file", id="no certificates"),
        pytest.param({"SSL_CERT_FILE": "{empty}"}, "cannot be read: no certificate", id="empty certificates"),
        pytest.param({"SSL_CERT_FILE": "/"}, "cannot be read: is a directory", id="a folder of certificates"),
        pytest.param(
            {"R1PLAN_DEEPSEEK_BASE_URL": "http://exämple..invalid"}, "exämple..invalid: this is no address", id="IDNA"
        ),
        pytest.param({"R1PLAN_DEEPSEEK_BASE_URL": "http://a..invalid"}, "a..invalid: this is no address", id="dots"),
        pytest.param(
            {"R1PLAN_DEEPSEEK_BASE_URL": f"http://{'a' * 70}.invalid"}, "a.invalid: this is no address", id="long"
        ),
        pytest.param(
            {"R1PLAN_DEEPSEEK_BASE_URL": b"http://127.0.0.1:9/\xff"}, "127.0.0.1:9: this is no address", id="bytes"
        ),
        pytest.param({"R1PLAN_DEEPSEEK_BASE_URL": b"http://\xff"}, "\\udcff: this is no address", id="host of bytes"),
        pytest.param({"R1PLAN_DEEPSEEK_BASE_URL": "http://127.0.0.1:9/\x01"}, "9: this is no address", id="control"),
    ],
)
def test_the_environment_makes_a_sentence_and_a_closed_row_of_nothing(
    environment: dict[str, str | bytes], told: str, home: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    filled = {name: str(empty) if value == "{empty}" else value for name, value in environment.items()}
    code, shown = chat("hi", **filled)
    assert code == 1
    assert "cannot reach DeepSeek" in shown
    assert told in shown
    assert "hint:" in shown
    assert "secret" not in shown
    assert [(row["status"], row["cost_low_usd"], row["cost_high_usd"]) for row in rows(home)] == [("failed", "0", "0")]


# A path that hides socksio, where it is installed.
def without_socks(folder: Path) -> str:
    (folder / "socksio.py").write_text("raise ImportError('No module named socksio')\n")
    return f"{folder}:{Path.cwd()}"


def test_a_socks_proxy_without_its_package_is_told_and_costs_nothing(home: Path, tmp_path: Path) -> None:
    code, shown = chat("hi", ALL_PROXY="socks5://127.0.0.1:7897", PYTHONPATH=without_socks(tmp_path))
    assert code == 1
    assert "names a SOCKS proxy, and the package 'socksio' that it takes is not installed." in shown
    assert [(row["status"], row["cost_high_usd"]) for row in rows(home)] == [("failed", "0")]


def test_a_socks_proxy_that_no_proxy_keeps_from_the_host_is_not_needed(tmp_path: Path) -> None:
    with serving(WHOLE) as wire:
        code, shown = chat(
            "hi",
            ALL_PROXY="socks5://127.0.0.1:7897",
            NO_PROXY="127.0.0.1",
            R1PLAN_DEEPSEEK_BASE_URL=wire.url,
            PYTHONPATH=without_socks(tmp_path),
        )
    assert code == 0, shown
    assert len(wire.asked) == 1


def test_a_proxy_that_refuses_is_unreachable_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Reply(b"", 407)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        engine = engine_for("deepseek", "https://far.invalid")
        with pytest.raises(ProviderError, match="the proxy refused") as raised:
            list(engine.stream(ChatRequest(messages=(Message("user", "hi"),))))
        engine.close()
    assert raised.value.fault == "unreachable"
    assert "HTTPS_PROXY" in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (ChatRequest(messages=(Message("user", "caf\udce9"),)), "holds half a character"),
        (ChatRequest(messages=(Message("user", "hi"),), temperature=float("nan")), "holds a number that is none"),
    ],
)
def test_a_request_that_cannot_be_written_is_not_sent_and_not_billed(request_: ChatRequest, told: str) -> None:
    came = ask(WHOLE, request=request_)
    assert isinstance(came.error, ProviderError)
    assert told in came.error.message
    assert came.error.fault == "unreachable"
    assert came.wire.asked == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([b"caf\xe9"], "the prompt is not UTF-8 text: 'caf\\udce9'."),
        (["hi", "--system", b"\xff"], "--system is not UTF-8 text"),
        (["hi", "--project", b"\xff"], "--project is not UTF-8 text"),
        (["hi", "--tag", b"team=\xff"], "--tag is not UTF-8 text"),
        (["hi", "--tag", b"\xff=x"], "--tag is not UTF-8 text"),
        (["hi", "--model", b"\xff"], "--model is not UTF-8 text"),
        (["hi", "--base-url", b"http://\xff", "--model", "m"], "--base-url is not UTF-8 text"),
        (["hi", "--file", b"{folder}/\xff.txt"], "the name given to --file is not UTF-8 text"),
        (["hi", "--file", b"{folder}/latin.txt"], "latin.txt is not UTF-8 text"),
    ],
)
def test_words_that_are_no_text_are_wrong_usage_before_any_row(
    words: list[str | bytes], named: str, home: Path, tmp_path: Path
) -> None:
    for name in (b"\xff.txt", b"latin.txt"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"caf\xe9")
    filled = [os.fsencode(each).replace(b"{folder}", os.fsencode(tmp_path)) for each in words]
    with serving(WHOLE) as wire:
        code, shown = chat(*filled, R1PLAN_DEEPSEEK_BASE_URL=wire.url)
    assert code == 2
    assert named in shown
    assert wire.asked == []
    assert rows(home) == []
