"""SIGTERM and SIGHUP end a chat as Ctrl-C does: what came is kept and printed, and the log is whole."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.chat.test_chat import R1PLAN, log_rows, remote, unending
from tests.cli.chat.test_repl import saved, talking
from tests.wire.chunks import chunk
from tests.wire.server import Asked, Reply, serving

TOLD = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
BOTH = [signal.SIGTERM, signal.SIGHUP]
BEGUN = Reply(chunk({"reasoning_content": "hm"}) + chunk({"content": "The ans"}), hang=True)
THINKS = Reply(unending(), piece_bytes=200, pause_s=0.01)


@contextmanager
def running(
    *words: str, reply: Reply | Callable[[Asked], Reply] = THINKS, ignoring: signal.Signals | None = None
) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A chat with DeepSeek's place taken by a server on loopback."""

    def ignore() -> None:
        if ignoring is not None:
            signal.signal(ignoring, signal.SIG_IGN)

    with serving(reply) as wire:
        process = subprocess.Popen(
            [*R1PLAN, "--provider", "deepseek", "x", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **remote(wire.url)},
            preexec_fn=ignore,
        )
        yield process, wire
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    return process.returncode, out, errors


def until_it_thinks(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert process.stderr.read(1)


@pytest.mark.parametrize("number", TOLD)
def test_what_came_is_told_and_the_row_is_aborted_with_its_bounds(number: signal.Signals, home: Path) -> None:
    with running() as (process, _):
        until_it_thinks(process)
        process.send_signal(number)
        code, _, errors = ended(process)
    assert code == TOLD[number]
    assert "stopped · about" in errors
    (row,) = log_rows(home)
    assert (row["status"], row["end_reason"]) == ("aborted", "interrupted")
    assert row["output_tokens"] > 0
    assert 0 < float(row["cost_low_usd"]) < float(row["cost_high_usd"])


@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize("words", [("--json",), ()], ids=["document", "text"])
def test_the_answer_that_had_begun_is_printed(words: tuple[str, ...], number: signal.Signals, home: Path) -> None:
    with running(*words, reply=BEGUN) as (process, wire):
        wire.sent.wait(60)
        time.sleep(0.3)  # it is read
        process.send_signal(number)
        code, out, _ = ended(process)
    assert code == TOLD[number]
    if words:
        found = json.loads(out)
        assert (found["answer"], found["thinking"], found["finish"]) == ("The ans", "hm", "aborted")
        assert [each["outcome"] for each in found["route"]["attempts"]] == ["interrupted"]
    else:
        assert out == "The ans\n"
    assert [row["status"] for row in log_rows(home)] == ["aborted"]


def test_a_second_signal_leaves_the_log_whole(home: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with running() as (process, _):
            until_it_thinks(process)
            process.send_signal(signal.SIGTERM)
            process.send_signal(number)
            code, _, _ = ended(process)
        assert code in (143, -number)
    assert [row["status"] for row in log_rows(home)] == ["aborted"] * 2


def test_what_nohup_ignores_stays_ignored(home: Path) -> None:
    with running(ignoring=signal.SIGHUP) as (process, _):
        until_it_thinks(process)
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 143


@pytest.mark.parametrize("number", BOTH)
def test_the_wait_for_a_busy_provider_ends_and_nobody_is_asked_again(number: signal.Signals, home: Path) -> None:
    busy = Reply(b"{}", 429, "application/json", {"Retry-After": "30"})
    with running("--json", reply=busy) as (process, wire):
        assert process.stderr is not None
        assert re.search(r"again in 3[01]", process.stderr.readline())  # on a busy machine a second may pass
        process.send_signal(number)
        code, out, _ = ended(process)
        assert len(wire.asked) == 1
    assert (code, json.loads(out)["finish"]) == (TOLD[number], "aborted")
    assert [row["status"] for row in log_rows(home)] == ["failed"]


@pytest.mark.parametrize("budget", ["", 'monthly_usd: "5"\n'], ids=["no budget", "budget"])
def test_while_another_process_keeps_the_log_nothing_is_sent_and_nothing_left_open(budget: str, home: Path) -> None:
    logs = home / "data" / "logs"
    logs.mkdir(parents=True)
    (home / "config").mkdir()
    if budget:
        (home / "config" / "budgets.yaml").write_text(budget)
    with (logs / f"{datetime.now(UTC):%Y-%m}.jsonl").open("w") as log, running() as (process, wire):
        fcntl.flock(log, fcntl.LOCK_EX)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.send_signal(signal.SIGTERM)
        code, _, _ = ended(process)
        assert wire.asked == []
    assert code == 143
    assert log_rows(home) == []


@pytest.mark.parametrize("number", [*BOTH, None], ids=["SIGTERM", "SIGHUP", "the terminal is closed"])
def test_a_conversation_keeps_what_came_and_leaves(number: signal.Signals | None, home: Path) -> None:
    with talking(BEGUN, "--provider", "deepseek") as (terminal, _):
        terminal.prompt(1)
        terminal.type("Well?\r")
        terminal.until("The ans")
        if number is not None:
            terminal.signal(number)
            assert terminal.ended() == TOLD[number]
            assert "Traceback" not in terminal.screen.text
    assert [row["status"] for row in log_rows(home)] == ["aborted"]
    *_, asked, answered = saved(home)
    assert (asked["step"], answered["step"], answered["exchange"]["answer"]) == ("asked", "answered", "The ans")


@pytest.mark.parametrize("number", BOTH)
def test_a_conversation_that_waits_for_a_question_leaves(number: signal.Signals, home: Path) -> None:
    with talking(THINKS, "--provider", "deepseek") as (terminal, _):
        terminal.prompt(1)
        terminal.signal(number)
        assert terminal.ended() == TOLD[number]
        assert "Traceback" not in terminal.screen.text


@pytest.mark.parametrize("number", TOLD)
def test_a_report_that_is_broken_off_says_nothing_and_leaves_no_file(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "r1plan", "cost-report", "/dev/stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )
    assert process.stdin is not None
    with process:
        process.stdin.write("{}\n" * 100_000)  # more than a pipe holds: it reads
        process.stdin.flush()
        time.sleep(0.3)  # it waits for more
        process.send_signal(number)
        process.wait(60)
        assert process.stdout is not None
        assert process.stderr is not None
        assert (process.returncode, process.stdout.read(), process.stderr.read()) == (TOLD[number], "", "")
    assert list((tmp_path / "tmp").iterdir()) == []
