"""A model file without a chat template: one sentence and how to give one, and with one it answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from r1plan.cli.options.template import read_template
from r1plan.errors import UsageError
from r1plan.tiny import MODEL_PATH
from tests.cli.chat.test_chat import chat, log_rows

# Jinja drops a line's end at the end of a template.
TURNS = (
    "{{ bos_token }}{% for m in messages %}<｜{{ m.role | capitalize }}｜>{{ m.content }}{% endfor %}"
    "<｜Assistant｜><think>{{ '\\n' }}"
)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """r1-tiny without its template."""
    path = tmp_path / "base.gguf"
    path.write_bytes(MODEL_PATH.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_templatX", 1))
    return path


def test_without_a_template_it_is_said_how_to_give_one(bare: Path) -> None:
    done = chat("What is 17 + 25?", "--model", str(bare))
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: base.gguf has no chat template." in done.stderr
    assert "--chat-template FILE.jinja" in " ".join(done.stderr.split())


@pytest.mark.parametrize("kind", ["jinja", "tokenizer_config.json"])
def test_with_one_it_answers(bare: Path, tmp_path: Path, kind: str, home: Path) -> None:
    template = tmp_path / kind
    template.write_text(TURNS if kind == "jinja" else json.dumps({"chat_template": TURNS}), encoding="utf-8")
    done = chat("What is 17 + 25?", "--model", str(bare), "--chat-template", str(template), "--temperature", "0")
    assert (done.returncode, done.stdout) == (0, "17 + 25 = 42\n")
    assert log_rows(home)[0]["thinking_tokens"] > 0


def test_one_that_fails_is_one_sentence_and_leaves_no_row(bare: Path, tmp_path: Path, home: Path) -> None:
    template = tmp_path / "wrong.jinja"
    template.write_text("{% for m in messages %}", encoding="utf-8")
    done = chat("hello", "--model", str(bare), "--chat-template", str(template))
    assert done.returncode == 1
    assert "its chat template failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert log_rows(home) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "holds no chat template", id="empty"),
        pytest.param(b"hello", "holds no chat template", id="no Jinja"),
        pytest.param(b'{"chat_template": null}', "holds no chat template", id="settings without one"),
        pytest.param(b'[{"a": "{{"}]', "holds no chat template", id="other JSON"),
        pytest.param(b"{{ \xff }}", "is not UTF-8 text", id="no text"),
        pytest.param(b"{{ x }}" * 200_000, "is larger than 1 MiB", id="too long"),
        pytest.param(b"GGUF\x03\x00\x00\x00" + b"\xff" * 100, "is not UTF-8 text", id="a model"),
    ],
)
def test_a_file_that_holds_none_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "some"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=said) as raised:
        read_template(path)
    assert raised.value.hint


@pytest.mark.parametrize("name", ["none.jinja", "."])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_template(tmp_path / name)


@pytest.mark.parametrize(
    "found",
    ["{{ x }}", [{"name": "tool_use", "template": "{{ y }}"}, {"name": "default", "template": "{{ x }}"}]],
    ids=["one", "several"],
)
def test_a_tokenizers_settings_hold_it_too(tmp_path: Path, found: object) -> None:
    path = tmp_path / "tokenizer_config.json"
    path.write_text(json.dumps({"bos_token": "<s>", "chat_template": found}), encoding="utf-8")
    assert read_template(path) == "{{ x }}"


def test_a_mark_of_byte_order_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jinja"
    path.write_bytes(b"\xef\xbb\xbf{{ x }}")
    assert read_template(path) == "{{ x }}"
    assert read_template(None) is None
