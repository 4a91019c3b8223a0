"""What a command line fixes of how a model on this machine runs: refused like `recommend`, and kept by the engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from r1plan.tiny import MODEL_PATH
from tests.cli.chat.test_chat import KEY, chat

SUM = "What is 17 + 25?"


@pytest.fixture
def file(home: Path) -> Path:
    """The demonstration model as a file of the person's own."""
    home.mkdir()
    return Path(shutil.copy(MODEL_PATH, home / "own.gguf"))


def ran(file: Path, *words: str) -> tuple[dict[str, Any], str]:
    """How the engine ran, and what was said."""
    done = chat("--model", str(file), *words, "--json", "--max-tokens", "80", SUM)
    assert done.returncode == 0, done.stderr
    fields = json.loads(done.stdout)
    assert fields["answer"] == "17 + 25 = 42"
    return fields["engine"], done.stderr


def test_unpinned_it_runs_as_planned_and_says_so_in_a_line(file: Path) -> None:
    engine, said = ran(file)
    assert engine["basis"] == "plan"
    assert engine["context"] == {"begins": 2048, "max": 2048}
    (line,) = [each for each in said.splitlines() if each.startswith("own: ")]
    assert "2,048 tokens of context" in line


def test_all_pins_reach_the_engine_and_are_said(file: Path) -> None:
    words = ("--context", "512", "--kv", "q8_0", "--ubatch", "64", "--gpu-layers", "0", "--no-mmap", "--threads", "1")
    engine, said = ran(file, *words)
    assert engine["context"] == {"begins": 512, "max": 512}
    assert (engine["kv_type"], engine["n_ubatch"], engine["threads"]) == ("q8_0", 64, 1)
    assert (engine["placement"]["gpu_layers"], engine["placement"]["mmap"]) == (0, False)
    assert (
        "own: on the processor with 1 thread, 512 tokens of context, a cache of q8_0, prompts read 64 tokens at once, "
        "the file read into memory, "
    ) in said


def test_no_flash_attention_is_kept(file: Path) -> None:
    engine, said = ran(file, "--no-flash-attn")
    assert (engine["flash_attn"], engine["kv_type"]) == (False, "f16")
    assert "no flash attention" in said


def test_the_demonstration_model_takes_them_too_and_says_nothing_of_an_engine(home: Path) -> None:
    done = chat("--local", "--kv", "q8_0", "--ubatch", "32", "--threads", "2", "--context", "256", SUM, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["engine"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kv", "q8_0", "--no-flash-attn"), "--kv q8_0 with --no-flash-attn"),
        (("--ubatch", "0"), "--ubatch 0"),
        (("--gpu-layers", "-1"), "--gpu-layers -1"),
        (("--experts-on-cpu",), "has no experts"),
        (("--experts-on-cpu", "--gpu-layers", "0"), "--experts-on-cpu with --gpu-layers 0"),
        (("--gpu-layers", "3", "--provider", "deepseek"), "--gpu-layers says how a model on this machine runs"),
        (("--no-mmap", "--base-url", "http://127.0.0.1:1/v1", "--model", "x"), "--no-mmap says how a model on this"),
        (("--threads", "0"), "--threads"),
        (("--kv", "q9"), "--kv"),
        (("--context", "63"), "--context"),
        (("--kv", "f16", "--kv", "q8_0"), "--kv is given twice"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(words: tuple[str, ...], said: str) -> None:
    done = chat(*words, SUM, DEEPSEEK_API_KEY=KEY) if "--provider" in words else chat(*words, SUM)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stdout == ""


def test_a_context_that_the_file_cannot_have_is_refused(file: Path) -> None:
    done = chat("--model", str(file), "--context", "4096", SUM)
    assert done.returncode == 2
    assert "--context 4096: " in done.stderr
    assert "ask for at most --context 2048" in done.stderr
