"""A model that is not here is offered on a terminal: the real program, a pseudo-terminal, a loopback hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from r1plan.tiny import MODEL_PATH
from tests.cli.chat.test_chat import chat, log_rows
from tests.cli.chat.test_repl import CHAT
from tests.cli.test_models_pull import SMALL, published, repository
from tests.models.pull.hub import HubDouble, running_hub
from tests.terminal import Terminal

NAMED = f"{SMALL}:Q4_K_M"
ASKS = "[y/N]"
SUM = "What is 17 + 25?"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubDouble]:
    """A hub that has the demonstration model's bytes under the catalogue's name."""
    files = {name: MODEL_PATH.read_bytes() for name in published(SMALL)["Q4_K_M"]}
    with running_hub(files, repository(SMALL)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield running


@contextmanager
def asking(*words: str) -> Iterator[Terminal]:
    with Terminal([*CHAT, *words], dict(os.environ), columns=300, rows=40) as terminal:
        yield terminal


def files_in(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()] if folder.exists() else []


def test_yes_fetches_it_with_progress_and_goes_on_to_answer(hub: HubDouble, home: Path) -> None:
    with asking("--model", NAMED, SUM) as terminal:
        terminal.until(ASKS)
        said = " ".join(terminal.screen.text.split())
        assert f"{NAMED} is not on this machine. Fetch 1.1 GB from {hub.repo} at 127.0.0.1:" in said
        assert ", about 89 s at 12.5 MB/s, which is assumed? [y/N]" in said
        terminal.type("y\r")
        terminal.until("17 + 25 = 42")
        assert terminal.ended() == 0
    assert hub.gets("store") or hub.gets("hub")
    (row,) = log_rows(home)
    assert row["model_requested"] == Path(published(SMALL)["Q4_K_M"][0]).stem


@pytest.mark.parametrize("typed", ["n\r", "\r", "\x04"], ids=["no", "enter", "end"])
def test_anything_else_fetches_nothing_and_says_the_command(hub: HubDouble, typed: str, tmp_path: Path) -> None:
    with asking("--model", NAMED, SUM) as terminal:
        terminal.until(ASKS)
        terminal.type(typed)
        assert terminal.ended() == 1
        assert f"r1plan models pull {NAMED} fetches it" in terminal.screen.text
    assert hub.requests == []
    assert files_in(tmp_path / "hf") == []


def test_ctrl_c_ends_the_program(hub: HubDouble) -> None:
    with asking("--local", SUM, "--model", NAMED) as terminal:
        terminal.until(ASKS)
        terminal.type("\x03")
        assert terminal.ended() == 130
    assert hub.requests == []


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        pytest.param("\x03", 130, None, id="ctrl-c"),
        pytest.param("\x04", 1, "Nothing was fetched.", id="end"),
        pytest.param("n\r", 1, "Nothing was fetched.", id="no"),
    ],
)
def test_a_pull_that_is_not_wanted_fetches_nothing_and_is_no_error(
    hub: HubDouble, typed: str, code: int, said: str | None
) -> None:
    words = [*CHAT[: CHAT.index("chat")], "models", "pull", SMALL]
    with Terminal(words, dict(os.environ), columns=70, rows=40) as terminal:
        terminal.until("[Y/n]")
        assert all(line == line.strip() for line in terminal.screen.text.splitlines())
        assert "bartowski/DeepSeek-R1-Distill-Qwen-1.5B-GGUF" in terminal.screen.text
        terminal.type(typed)
        assert terminal.ended() == code
        assert "error" not in terminal.screen.text
        assert said is None or said in terminal.screen.lines
    assert hub.requests == []


def test_a_file_of_a_repository_is_offered_with_the_size_that_the_hub_says(hub: HubDouble) -> None:
    address = f"hf:{hub.repo}/{published(SMALL)['Q4_K_M'][0]}"
    with asking("--model", address, SUM) as terminal:
        terminal.until(ASKS)
        size = f"{MODEL_PATH.stat().st_size / 1e6:,.1f} MB"
        assert f"Fetch {size} from {hub.repo} at " in " ".join(terminal.screen.text.split())
        terminal.type("y\r")
        terminal.until("17 + 25 = 42")
        assert terminal.ended() == 0


def test_in_a_conversation_a_model_is_offered_when_it_is_named(hub: HubDouble) -> None:
    with asking() as terminal:
        terminal.prompt(1)
        terminal.type(f"/model {NAMED}\r")
        terminal.until(ASKS)
        terminal.type("y\r")
        terminal.until(f"From now on {NAMED} answers.")
        terminal.prompt(2)
        terminal.type(f"{SUM}\r")
        terminal.until("17 + 25 = 42")
        terminal.prompt(3)
        terminal.type("\x04")
        assert terminal.ended() == 0
    assert hub.requests


def test_where_nobody_can_be_asked_it_is_an_error_with_the_command(hub: HubDouble) -> None:
    done = chat("--model", NAMED, SUM)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"hint:  r1plan models pull {NAMED} fetches it; then ask again")
    assert hub.requests == []


def test_with_the_hub_forbidden_the_demonstration_answers_local_alone_and_a_name_is_an_error(
    hub: HubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with asking("--local", SUM) as terminal:
        terminal.until("17 + 25 = 42")
        assert terminal.ended() == 0
        assert "unset HF_HUB_OFFLINE, which forbids to fetch it" in terminal.screen.text
        assert "r1-tiny answers" in terminal.screen.text
        assert ASKS not in terminal.screen.text
    with asking("--model", NAMED, SUM) as terminal:
        assert terminal.ended() == 1
        assert "HF_HUB_OFFLINE" in terminal.screen.text
    assert hub.requests == []


def test_off_a_terminal_local_alone_answers_and_names_the_command() -> None:
    done = chat("--local", SUM)
    assert (done.returncode, done.stdout) == (0, "17 + 25 = 42\n")
    assert "r1plan models pull recommended" in done.stderr
