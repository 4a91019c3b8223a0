"""A planted key reaches the provider and nothing else: no output, no log, no traceback, no other host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from r1plan.catalog.load import load_providers
from r1plan.engine.chat import Answer, Finished
from r1plan.engine.http.chat import HttpEngine
from r1plan.errors import ProviderError
from tests.wire.asking import QUESTION, ask
from tests.wire.chunks import chunk
from tests.wire.server import Reply, recorded, serving

KEY = "sk-planted-0a1b2c3d4e5f"


def in_environment(_folder: Path) -> dict[str, str]:
    return {"DEEPSEEK_API_KEY": KEY}


def in_keyring(folder: Path) -> dict[str, str]:
    (folder / "ring").write_text(KEY)
    return {
        "PYTHON_KEYRING_BACKEND": "tests.wire.planted_keyring.PlantedKeyring",
        "PLANTED_KEYRING": str(folder / "ring"),
    }


def in_file(_folder: Path) -> dict[str, str]:
    path = Path(os.environ["R1PLAN_HOME"], "config", "keys.yaml")
    path.parent.mkdir(parents=True)
    path.write_text(f"deepseek: {KEY}\n")
    path.chmod(0o600)
    return {}


WAYS = {"environment": in_environment, "keyring": in_keyring, "file": in_file}

REPLIES = {
    "success": Reply(recorded("deepseek.sse")),
    "refusal": Reply(f'{{"error": {{"message": "bad key {KEY}, sent as Bearer {KEY}"}}}}'.encode(), 400),
    "long-refusal": Reply(f'{{"error": {{"message": "{"x" * 290}{KEY}"}}}}'.encode(), 500),
    "error-in-stream": Reply(chunk({"content": "Ye"}) + f'data: {{"error": {{"message": "{KEY}"}}}}\n\n'.encode()),
    "escaped-error": Reply(f'data: {{"error": {{"message": "{KEY.replace("s", chr(92) + "u0073")}"}}}}\n\n'.encode()),
    "no-chunk": Reply(f"data: {KEY}\n\n".encode()),
    "no-stream": Reply(f'{{"message": "{KEY}"}}'.encode(), content_type=f"text/{KEY}"),
    "model": Reply(chunk({"content": "Yes."}, finish="stop", model=KEY)),
    "escaped-model": Reply(
        chunk({"content": "Yes."}, finish="stop", model="MODEL").replace(b"MODEL", KEY.replace("k", "\\u006B").encode())
    ),
    "torn-chunk": Reply(f'data: {{"choices": [{{"delta": {{"content": "{"x" * 34}{KEY}\n\n'.encode()),
    "escaped-torn-chunk": Reply(f"data: {{{KEY.replace('s', chr(92) + 'u0073')}\n\n".encode()),
    "cut-by-the-server": Reply(f'{{"error": {{"message": "no such key: {KEY[:-3]}"}}}}'.encode(), 400),
    "cut-at-its-begin": Reply(f'{{"error": {{"message": "no such key: ...{KEY[4:]}"}}}}'.encode(), 400),
    "in-an-address": Reply(f'{{"error": {{"message": "GET /?key={KEY.replace("-", "%2D")}"}}}}'.encode(), 400),
    "reason": Reply(chunk({"content": "Ye"}, finish=f"{'x' * 30}{KEY}")),
    "whole-body": Reply(f'{{"error": {{"code": 429, "message": "{"x" * 290}{KEY}"}}}}'.encode(), content_type="x/y"),
    "page": Reply(f"<html><title>Key {KEY}</title>".encode(), content_type="text/html"),
    "plain-text": Reply(f"upstream said: {KEY}".encode(), content_type="text/plain"),
    "part": Reply(chunk({"content": [{"type": KEY}]}, finish="stop")),
}


def chat(*words: str, **environment: str) -> str:
    """All that one chat prints."""
    done = subprocess.run(
        [sys.executable, "-m", "r1plan", "chat", "--provider", "deepseek", "x", "--log-text", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.stdout + done.stderr
    return done.stdout + done.stderr


def written(home: Path) -> str:
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "keys.yaml"]
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in files)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", ["success", "refusal"])
def test_a_key_from_anywhere_reaches_the_provider_and_is_shown_nowhere(
    way: Callable[[Path], dict[str, str]], name: str, home: Path, tmp_path: Path
) -> None:
    environment = way(tmp_path)
    with serving(REPLIES[name]) as wire:
        shown = chat(R1PLAN_DEEPSEEK_BASE_URL=wire.url, **environment)
        shown += chat("--json", R1PLAN_DEEPSEEK_BASE_URL=wire.url, **environment)
    assert [each["authorization"] for each in wire.headers] == [f"Bearer {KEY}"] * 2
    assert KEY not in shown + written(home)
    assert "Traceback" not in shown


@pytest.mark.parametrize("name", [name for name in REPLIES if name not in ("success", "refusal")])
def test_a_server_that_repeats_the_key_does_not_get_it_shown(name: str, home: Path) -> None:
    with serving(REPLIES[name]) as wire:
        shown = chat("--json", R1PLAN_DEEPSEEK_BASE_URL=wire.url, DEEPSEEK_API_KEY=KEY)
    assert wire.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in shown + written(home)
    assert KEY[: len(KEY) // 2] not in shown + written(home)


def test_an_answer_that_holds_the_key_stays_as_it_came(home: Path) -> None:
    """What the model was given to read, it may repeat: the answer is the person's own."""
    body = chunk({"reasoning_content": f"hm {KEY}"}) + chunk({"content": f"It is {KEY}."}, finish="stop")
    with serving(Reply(body, piece_bytes=3)) as wire:
        shown = chat("--json", R1PLAN_DEEPSEEK_BASE_URL=wire.url, DEEPSEEK_API_KEY=KEY)
    assert f'"answer": "It is {KEY}."' in shown
    assert f'"thinking": "hm {KEY}"' in shown


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_connect_error_and_a_crash_do_not_show_the_key(
    way: Callable[[Path], dict[str, str]], home: Path, tmp_path: Path
) -> None:
    environment = way(tmp_path)
    shown = chat(R1PLAN_DEEPSEEK_BASE_URL="http://127.0.0.1:9", **environment)
    assert "cannot reach DeepSeek" in shown
    # A library that breaks in mid stream, below our own frames.
    (tmp_path / "httpx_sse.py").write_text(
        "class ServerSentEvent: ...\n"
        "class EventSource:\n"
        "    def __init__(self, response): self.response = response\n"
        "    def iter_sse(self): raise RuntimeError('broken')\n"
    )
    with serving(REPLIES["success"]) as wire:
        crashed = chat(R1PLAN_DEEPSEEK_BASE_URL=wire.url, PYTHONPATH=f"{tmp_path}:{Path.cwd()}", **environment)
    assert "RuntimeError" in crashed
    assert "Traceback" in crashed
    assert KEY not in shown + crashed + written(home)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_and_the_key_goes_to_no_other_host(status: int) -> None:
    with serving(Reply(recorded("deepseek.sse"))) as elsewhere:
        for host in ("127.0.0.1", "localhost"):
            address = elsewhere.url.replace("127.0.0.1", host)
            told = ask(Reply(b"", status, headers={"Location": f"{address}/chat/completions"}))
            assert isinstance(told.error, ProviderError)
            assert "redirects are not followed" in told.error.message
    assert elsewhere.asked == []


def test_a_key_on_the_command_line_is_no_option() -> None:
    shown = chat("--api-key", KEY)
    assert "has no option" in shown
    assert KEY not in shown


# What servers at home are given for a key, and single words of a stream.
PLACEHOLDERS = [
    "EMPTY", "ollama", "none", "None", "null", "x", "a", "e", "1", "0", ":", "{", '"', "content", "choices", "delta",
    "data", "usage", "stop", "finish_reason", "lm-studio", "sk-no-key-required", "token-abc123", "1234567890123456",
]  # fmt: skip
SAID = 'An EMPTY list has no content, "ollama" is a model: none of 1234567890123456 choices (sk-no-key-required).'


def asked_with(key: str, reply: Reply) -> list[object]:
    with serving(reply) as wire:
        engine = HttpEngine(load_providers()["deepseek"], "deepseek-flash", base_url=wire.url, key=key)
        try:
            events: list[object] = list(engine.stream(QUESTION))
        finally:
            engine.close()
        assert wire.headers[0]["authorization"] == f"Bearer {key}"
    return events


@pytest.mark.parametrize("key", PLACEHOLDERS)
def test_a_word_in_place_of_a_key_changes_no_answer_and_no_count(key: str) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 300}
    events = asked_with(key, Reply(chunk({"content": SAID}, finish="stop") + chunk(usage=usage) + b"data: [DONE]\n\n"))
    assert "".join(each.text for each in events if isinstance(each, Answer)) == SAID
    end = events[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.usage.input_tokens, end.usage.output_tokens) == ("stop", 1000, 300)


def test_a_word_in_place_of_a_key_leaves_the_programs_answer_and_its_logged_text_as_they_came(home: Path) -> None:
    with serving(Reply(chunk({"content": SAID}, finish="stop"))) as wire:
        shown = chat("--json", R1PLAN_DEEPSEEK_BASE_URL=wire.url, DEEPSEEK_API_KEY="EMPTY")
    assert json.dumps(SAID) in shown
    assert "An EMPTY list has no content" in written(home)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("x", "Model Not Exist for key x"),
        ("a", "Model Not Exist for key a"),
        ("EMPTY", "Model Not Exist for key [key]"),
        ("hunter2", "Model Not Exist for key [key]"),
        ("Exis", "Model Not Exist for key [key]"),
        (KEY, "Model Not Exist for key [key]"),
    ],
)
@pytest.mark.parametrize("in_stream", [False, True])
def test_an_error_text_hides_a_key_where_that_harms_no_other_word(key: str, told: str, in_stream: bool) -> None:
    body = json.dumps({"error": {"message": f"Model Not Exist for key {key}"}}).encode()
    reply = Reply(b"data: " + body + b"\n\n") if in_stream else Reply(body, 400, "application/json")
    with pytest.raises(ProviderError) as raised:
        asked_with(key, reply)
    assert told in raised.value.message


def test_a_key_in_an_answer_that_is_no_stream_is_hidden_before_its_type_is_cut() -> None:
    with pytest.raises(ProviderError) as raised:
        asked_with(KEY, Reply(b"{}", content_type=f"text/{'x' * 60}{KEY}"))
    assert KEY[:10] not in raised.value.message
    assert "te[key]t" not in raised.value.message


def test_a_body_of_errors_in_errors_ends_as_one_without_words() -> None:
    deep = b'{"error":' * 900 + b'"x"' + b"}" * 900
    with pytest.raises(ProviderError) as raised:
        asked_with("EMPTY", Reply(deep, 500, "application/json"))
    assert raised.value.status == 500
