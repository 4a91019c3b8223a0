"""Standard streams that are closed, full or left: one sentence where there is somebody to read it, no traceback."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.chat.test_chat import log_rows, remote
from tests.wire.server import Reply, recorded, serving

LEFT = 141


def shell(line: str, **environment: str) -> tuple[int, str, str]:
    """The exit code of `r1plan LINE`, a shell's, the first of its pipe; what came to both ends."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m r1plan {line}\nexit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        check=False,
    )
    for text in (done.stdout, done.stderr):
        assert "Traceback" not in text
        assert "Exception ignored" not in text
    return done.returncode, done.stdout, done.stderr


FULL = "error: standard output cannot be written: no space left on device.\nhint:  free some room there, or write else"


@pytest.mark.parametrize("line", ["--help", "prices list", "cost-report --json", "chat --explain --local hi"])
def test_a_full_disk_is_one_sentence(line: str) -> None:
    code, _, errors = shell(f"{line} > /dev/full")
    assert code == 1
    assert FULL in errors


@pytest.mark.parametrize("line", ["--version", "cost-report", "chat --local 1+1"])
def test_a_closed_output_is_told_before_anything_is_done(line: str, home: Path) -> None:
    code, _, errors = shell(f"{line} >&-")
    assert (code, errors.partition("\n")[0]) == (1, "error: standard output is closed.")
    assert log_rows(home) == []


@pytest.mark.parametrize("nowhere", ["2>&-", "2> /dev/full"])
def test_a_note_that_cannot_be_shown_costs_no_answer(nowhere: str, home: Path) -> None:
    assert shell(f"chat --local 1+1 {nowhere}") == (0, "1 + 1 = 2\n", "")
    assert [row["status"] for row in log_rows(home)] == ["ok"]
    code, _, _ = shell(f"chat --model /nowhere.gguf 1+1 {nowhere}")
    assert code == 1


def test_a_closed_input_is_an_empty_one(home: Path) -> None:
    assert shell("chat --local 1+1 <&-")[:2] == (0, "1 + 1 = 2\n")
    code, _, errors = shell("chat --local <&-")
    assert code == 2
    assert "error: the prompt is empty." in errors


def test_with_nothing_open_nothing_is_done(home: Path) -> None:
    assert shell("chat --local 1+1 <&- >&- 2>&-")[0] == 1
    assert log_rows(home) == []


@pytest.mark.parametrize("line", ["recommend --gpu rtx-4090 --json", "prices list --json"])
def test_a_reader_that_has_left_ends_it_quietly(line: str) -> None:
    code, _, errors = shell(f"{line} | true")
    assert code == LEFT
    assert "error" not in errors


WORDS = "chat --provider deepseek x"


@pytest.mark.parametrize(
    ("line", "code", "end"),
    [
        pytest.param(f"{WORDS} > /dev/full", 1, ("ok", "stop"), id="full"),
        pytest.param(f"{WORDS} --json > /dev/full", 1, ("ok", "stop"), id="full, document"),
        pytest.param(f"{WORDS} --json | true", LEFT, ("ok", "stop"), id="left, document"),
        pytest.param(f"{WORDS} | true", LEFT, ("ok", "stop"), id="left"),
    ],
)
def test_the_row_has_its_end_where_the_answer_cannot_be_written(
    line: str, code: int, end: tuple[str, str], home: Path
) -> None:
    with serving(Reply(recorded("deepseek.sse"), piece_bytes=40, pause_s=0.001)) as wire:
        found, _, errors = shell(line, **remote(wire.url))
    assert found == code
    assert (FULL in errors) is ("/dev/full" in line)
    (row,) = log_rows(home)
    # The answer may be written while it still comes; then it is stopped.
    assert (row["status"], row["end_reason"]) in (end, ("aborted", "closed_pipe"))


def test_an_input_that_cannot_be_read_is_told() -> None:
    code, _, errors = shell("chat --local 1+1 0> /dev/null")
    assert code == 2
    assert "error: standard input cannot be read: bad file descriptor." in errors


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_what_an_encoding_lacks_is_an_escape_and_no_error(encoding: str) -> None:
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        code, out, _ = shell(WORDS, PYTHONIOENCODING=encoding, **remote(wire.url))
    assert code == 0
    assert out == ("The answer is 42 🎉.\n" if encoding == "utf-8" else "The answer is 42 \\U0001f389.\n")


def test_a_document_is_json_in_every_encoding() -> None:
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        code, out, _ = shell(f"{WORDS} --json", PYTHONIOENCODING="ascii", **remote(wire.url))
    assert (code, json.loads(out)["answer"]) == (0, "The answer is 42 🎉.")


def test_a_report_that_goes_into_a_file_needs_no_output(tmp_path: Path) -> None:
    assert shell(f"cost-report --output {tmp_path}/month.csv >&-")[0] == 0
    assert (tmp_path / "month.csv").exists()


def test_a_pipe_that_does_not_block_gets_everything() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    if sys.platform == "linux":
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)  # less than is written
    with subprocess.Popen([sys.executable, "-m", "r1plan", "prices", "list", "--json"], stdout=writer) as process:
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as pipe:
            assert json.loads(pipe.read())["schema"]
    assert process.returncode == 0
