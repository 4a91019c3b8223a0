"""`r1plan demo` shows the three jobs and touches nothing of the user's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-m", "r1plan", "demo"],
        # None of them is the demo's: neither the key nor the setting nor what is piped into it.
        env={
            **os.environ,
            "R1PLAN_HOME": str(home),
            "DEEPSEEK_API_KEY": "must not be used",
            "R1PLAN_POWER_PRICE": "none",
        },
        input=b"caf\xe9".decode("latin-1"),
        capture_output=True,
        text=True,
        check=False,
    )
    return done, home


def test_it_shows_the_three_jobs(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = demo
    assert done.returncode == 0, done.stderr
    recommend, chat, report = done.stdout.index("1/3"), done.stdout.index("2/3"), done.stdout.index("3/3")
    assert "Run R1-" in done.stdout[recommend:chat]
    assert "42" in done.stdout[chat:report]
    assert "unpriced" in done.stdout[report:]


def test_the_thinking_is_shown_while_it_answers(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = demo
    assert "write 2, carry 1" in done.stderr


def test_the_report_holds_the_request_just_made(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = demo
    assert "r1-tiny" in done.stdout.partition("3/3")[2]


def test_the_users_own_home_stays_untouched(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, home = demo
    assert [path for path in home.rglob("*") if path.suffix in {".jsonl", ".yaml"}] == []


def test_no_file_is_named_that_is_gone_afterwards(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = demo
    assert "r1plan-demo-" not in done.stdout + done.stderr
    assert "logged in" not in done.stderr
    assert "$ r1plan cost-report logs\n" in done.stdout


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "r1plan", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, input="")


def test_what_is_kept_is_named_and_there(tmp_path: Path) -> None:
    kept = tmp_path / "a b" / "demo"
    done = run("demo", "--keep", kept)
    assert done.returncode == 0, done.stderr
    logs = kept / "data" / "logs"
    assert f"logged in {logs}" in done.stderr
    assert f"$ r1plan cost-report '{logs}'\n" in done.stdout
    assert f"R1PLAN_HOME='{kept}' r1plan cost-report" in done.stdout
    assert len(list(logs.glob("*.jsonl"))) == 2
    assert kept.stat().st_mode & 0o777 == 0o700


def test_what_comes_next_fits_into_80_columns_and_shows_what_was_kept_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("demo", "--keep", "kept here")
    assert done.returncode == 0, done.stderr
    after = done.stdout.partition("\nNext\n")[2].splitlines()
    assert [line for line in after if len(line) > 80 and str(tmp_path) not in line] == []
    assert [line.split("=")[0].split()[0] for line in after] == ["what", "R1PLAN_HOME", *["r1plan"] * 4]
    (told,) = (line for line in done.stdout.splitlines() if line.startswith("  R1PLAN_HOME="))
    again = told.replace("r1plan cost-report", f"{sys.executable} -m r1plan cost-report")
    shown = subprocess.run(["sh", "-c", again], capture_output=True, text=True, check=True, cwd="/")
    assert "2025-09" in shown.stdout


def test_a_home_in_the_name_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    done = run("demo", "--keep", "~/full")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: --keep {tmp_path / 'full'} is not empty.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_to_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    done = run("demo", "--keep", tmp_path / "closed")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    done = run("demo", "--keep", tmp_path / "link")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --keep ")


def test_what_is_there_already_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = run("demo", "--keep", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --keep {tmp_path} is not empty.\nhint:  ")
    done = run("demo", "--keep", tmp_path / "mine")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --keep {tmp_path / 'mine'} cannot be used: File exists.\nhint:  ")
