"""What a Windows user needs runs without anything that only POSIX has; a row of the log is as safe as ever."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.report.sample import write_sample
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Reply, Wire, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what stands in for Windows needs Linux's locks")

HIDDEN = Path(__file__).parent / "hidden"
ROOT = Path(__file__).parents[2]
KEY = "sk-abcdefghij0123456789"
ANSWER = Reply(
    chunk({"reasoning_content": "Easy."})
    + chunk({"content": "For"})
    + chunk({"content": "ty-two"}, finish="stop")
    + chunk(choices=[], usage=usage(20, 30))
    + DONE,
    piece_bytes=7,
)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{HIDDEN}{os.pathsep}{ROOT}", "COLUMNS": "100", **(more or {})}


def run(*words: object, environ: Mapping[str, str] | None = None, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "r1plan", *map(str, words)],
        env=environment(environ),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def done(*words: object, environ: Mapping[str, str] | None = None, typed: str = "") -> str:
    found = run(*words, environ=environ, typed=typed)
    assert found.returncode == 0, found.stderr
    assert "Traceback" not in found.stderr
    assert "sitecustomize" not in found.stderr
    return found.stdout


@pytest.fixture
def provider() -> Iterator[tuple[Wire, dict[str, str]]]:
    with serving(ANSWER) as wire:
        yield wire, {"DEEPSEEK_API_KEY": KEY, "R1PLAN_DEEPSEEK_BASE_URL": wire.url}


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home for commands that write nothing but the catalogue's copy."""
    return tmp_path_factory.mktemp("warm")


def rows_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]


def python(code: str, *words: object) -> str:
    """What `code` prints where POSIX is hidden."""
    program = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(program, env=environment(), capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", ["fcntl", "termios", "tty", "pty", "resource", "pwd", "grp", "readline"])
def test_what_is_hidden_is_hidden_from_us_and_from_nobody_else(name: str) -> None:
    code = "import sys; scope = {'__name__': sys.argv[1]}; exec(f'import {sys.argv[2]}', scope); print('found')"
    assert python(code, "other", name) == "found\n"
    with pytest.raises(subprocess.CalledProcessError):
        python(code, "r1plan.files.lock", name)


def test_what_windows_lacks_is_gone() -> None:
    code = """
import os, select, signal, socket
print([n for n in ("O_NOFOLLOW", "O_NONBLOCK", "getuid", "geteuid", "fork", "pread", "sched_getaffinity", "statvfs")
       if hasattr(os, n)], hasattr(select, "poll"), hasattr(signal, "SIGHUP"), hasattr(socket, "AF_UNIX"))
"""
    assert python(code) == "[] False False False\n"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        pytest.param(["--help"], "Start with:", id="help"),
        pytest.param(["recommend", "--gpu", "rtx-4090", "--ram", 64], "Run R1-Distill", id="recommend-described"),
        pytest.param(["recommend"], "tok/s", id="recommend-here"),
        pytest.param(["recommend", "--cpu-only", "--ram", 64, "--json"], '"r1plan.recommend/1"', id="recommend-json"),
        pytest.param(["prices", "list"], "deepseek", id="prices-list"),
        pytest.param(["prices", "check"], "prices", id="prices-check"),
        pytest.param(
            ["prices", "cost", "deepseek", "deepseek-flash", "--input", 2000, "--output", 5400], "$", id="prices-cost"
        ),
        pytest.param(["cost-report"], "No requests", id="cost-report-empty"),
        pytest.param(["detect"], "processor", id="detect"),
        pytest.param(["doctor"], "program", id="doctor"),
        pytest.param(["chat", "--explain", "hello"], "r1-tiny", id="explain"),
        pytest.param(["--show-completion", "powershell"], "Register-ArgumentCompleter", id="completion"),
    ],
)
def test_a_command_runs(words: list[object], shown: str, warm: Path) -> None:
    assert shown in done(*words, environ={"R1PLAN_HOME": str(warm)})


def test_a_second_run_reads_what_the_first_has_kept(home: Path) -> None:
    listed = ("prices", "list", "--at", "2026-11-24T07:00:00Z")
    first = done(*listed)
    kept = {path.name: path.stat().st_mtime_ns for path in (home / "cache").rglob("*.json")}
    assert kept
    assert done(*listed) == first
    assert {path.name: path.stat().st_mtime_ns for path in (home / "cache").rglob("*.json")} == kept


def test_a_question_to_a_provider_is_answered_logged_and_reported(
    provider: tuple[Wire, dict[str, str]], home: Path
) -> None:
    wire, environ = provider
    assert "Forty-two" in done("chat", "-p", "deepseek", "What is 6 x 7?", environ=environ)
    rows = [row for path in (home / "data" / "logs").glob("*.jsonl") for row in rows_of(path)]
    assert [row["status"] for row in rows if row["ended_at"]] == ["ok"]
    assert wire.headers[0]["authorization"] == f"Bearer {KEY}"
    report = json.loads(done("cost-report", "--json"))
    assert (report["totals"]["requests"], report["totals"]["output_tokens"]) == (1, 30)


def test_a_conversation_is_saved_and_gone_on_with(provider: tuple[Wire, dict[str, str]], home: Path) -> None:
    wire, environ = provider
    out = done("chat", "-p", "deepseek", environ=environ, typed="First?\n/cost\nexit\n")
    assert "Forty-two" in out
    assert not list((home / "data").rglob("conversations/*"))  # a pipe is no terminal
    assert len(wire.asked) == 1


def test_a_budget_is_kept_with_a_key_from_a_file(provider: tuple[Wire, dict[str, str]], home: Path) -> None:
    wire, environ = provider
    del environ["DEEPSEEK_API_KEY"]
    (home / "config").mkdir(parents=True)
    (home / "config" / "keys.yaml").write_text(f"deepseek: {KEY}\n")
    (home / "config" / "keys.yaml").chmod(0o644)  # as every file looks on Windows
    (home / "config" / "budgets.yaml").write_text('monthly_usd: "5"\n')
    done("chat", "-p", "deepseek", "What is 6 x 7?", environ=environ)
    assert wire.headers[0]["authorization"] == f"Bearer {KEY}"
    (home / "config" / "budgets.yaml").write_text('monthly_usd: "0.00000001"\n')
    refused = run("chat", "-p", "deepseek", "What is 6 x 7?", environ=environ)
    assert (refused.returncode, len(wire.asked)) == (4, 1)
    assert refused.stderr.startswith("error: ")


def test_a_model_here_says_that_it_cannot_answer_on_such_a_system() -> None:
    found = run("chat", "--local", "1+1")
    assert found.returncode == 1
    assert re.search(r"^error: a model here cannot answer on this system", found.stderr, re.MULTILINE)
    assert "--provider" in found.stderr


def test_a_report_is_written_over_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    write_sample(tmp_path / "logs" / "2025-09.jsonl")
    for _ in range(2):
        done("cost-report", tmp_path / "logs", "--json", "--output", tmp_path / "out.json")
        assert json.loads((tmp_path / "out.json").read_text())["totals"]["requests"] == 492
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "logs", "out.json"]


WRITER = """
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append_once_decided
from r1plan.ledger.sum_file import locked_sum, prepared
logs, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
at = datetime(2026, 11, 5, 12, tzinfo=UTC)
log = logs / "2026-11.jsonl"
for number in range(count):
    ready = prepared(log)
    def decide(descriptor):
        spent = sum((each.spent_usd for each in locked_sum(log, descriptor, ready).ended.values()), Decimal(0))
        return UsageEntry(
            id=f"{name}-{number}", started_at=at, first_token_at=at, ended_at=at, provider="deepseek",
            model_requested="m", model_served="m", status="ok", input_tokens=1, output_tokens=1, cost_usd=spent + 1,
        )
    append_once_decided(at, decide, logs)
"""
"""Each row costs one dollar more than all before it: a decision that does not see a row breaks the series."""


def test_many_writers_each_see_all_that_stands_before_and_tear_no_row(tmp_path: Path) -> None:
    writers, each = 6, 4
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"w{number}", str(each)], env=environment())
        for number in range(writers)
    ]
    assert [process.wait() for process in running] == [0] * writers
    rows = rows_of(tmp_path / "2026-11.jsonl")
    assert len({row["id"] for row in rows}) == len(rows) == writers * each
    assert [Decimal(row["cost_usd"]) for row in rows] == [Decimal(2**number) for number in range(len(rows))]


LOCKS = """
import os, sys
from r1plan.files.lock import try_lock, unlock
first, second = (os.open(sys.argv[1], os.O_RDWR | os.O_APPEND | os.O_CREAT) for _ in range(2))
said = [try_lock(first), try_lock(second)]
os.write(first, b"one\\n")
unlock(first)
said += [try_lock(second), try_lock(first)]
os.write(second, b"two\\n")
os.close(second)
said.append(try_lock(first))
print(said, os.fstat(first).st_size)
"""


@pytest.mark.parametrize("hidden", [True, False], ids=["without-posix", "with-it"])
def test_one_opening_of_a_file_has_the_lock_until_it_gives_it_back_or_ends(hidden: bool, tmp_path: Path) -> None:
    program = [sys.executable, "-c", LOCKS, str(tmp_path / "file")]
    environ = environment() if hidden else {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(program, env=environ, capture_output=True, text=True, check=True).stdout
    assert said == "[True, False, True, False, True] 8\n"


def test_what_stands_in_reads_and_writes_where_it_is_told(tmp_path: Path) -> None:
    code = """
import os, sys
from r1plan.files.system import read_at, write_at
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.write(file, b"0123456789")
os.lseek(file, 3, os.SEEK_SET)
write_at(file, b"XY", 5)
print(read_at(file, 4, 4), read_at(file, 9, 8), read_at(file, 5, 20), os.lseek(file, 0, os.SEEK_CUR))
"""
    assert python(code, tmp_path / "file") == "b'4XY7' b'89' b'' 3\n"


def test_the_sum_of_a_month_is_the_same_with_and_without(tmp_path: Path) -> None:
    write_sample(tmp_path / "2025-09.jsonl")
    code = """
import sys
from pathlib import Path
from r1plan.ledger.sum_file import keep_sum, unlocked_sum
log = Path(sys.argv[1])
keep_sum(log)
print(repr(sorted((k, v.spent_usd) for k, v in unlocked_sum(log).ended.items())))
"""
    without = python(code, tmp_path / "2025-09.jsonl")
    program = [sys.executable, "-c", code, str(tmp_path / "2025-09.jsonl")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(program, env=environ, capture_output=True, text=True, check=True).stdout == without
