"""Real shells, each with the script that r1plan installs for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.completion.shells import START, Typist, program

WORDS = [
    ("r1plan recomm", ["recommend"]),
    ("r1plan recommend --gpu h100-sx", ["recommend", "--gpu", "h100-sxm-80gb"]),
    ("r1plan recommend --gpu=H100-sx", ["recommend", "--gpu=h100-sxm-80gb"]),
    ("r1plan chat -m deepseek/deepseek-f", ["chat", "-m", "deepseek/deepseek-flash"]),
    ("r1plan cost-report --by ta", ["cost-report", "--by", "tag:"]),
    ("r1plan chat -f notes-of-j", ["chat", "-f", "notes-of-june.txt"]),
    ("r1plan chat --seed zz", ["chat", "--seed", "zz"]),
]


def install(shell: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home)}
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "r1plan", "--install-completion", shell],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("shell", START)
def test_tab_completes_in_a_shell_that_reads_what_was_installed(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    user = tmp_path / "user"
    user.mkdir()
    (user / "notes-of-june.txt").touch()
    assert install(shell, user).returncode == 0
    with Typist(shell, user, program(tmp_path / "bin")) as typist:
        for line, words in WORDS:
            assert typist.completed(line) == words, typist.shown
        assert "Traceback" not in typist.shown
        assert "error:" not in typist.shown


@pytest.mark.parametrize(("shell", "start"), [("bash", ".bashrc"), ("zsh", ".zshrc")])
def test_what_the_user_has_stays_and_a_second_time_adds_nothing(shell: str, start: str, tmp_path: Path) -> None:
    (tmp_path / start).write_text("alias ll='ls -l'")  # without an end of line
    assert install(shell, tmp_path).returncode == 0
    once = (tmp_path / start).read_text()
    said = install(shell, tmp_path)
    assert said.returncode == 0
    assert "was there" in said.stdout
    assert (tmp_path / start).read_text() == once
    assert once.startswith("alias ll='ls -l'\n")
    assert once.count("\n") == 2


@pytest.mark.parametrize(
    ("shell", "message", "hint"),
    [
        ("tcsh", "there is no completion for the shell 'tcsh'.", "bash, zsh, fish or powershell"),
        ("powershell", "PowerShell's profile is not written to.", "$PROFILE"),
    ],
)
def test_other_shells_are_told_what_to_do(shell: str, message: str, hint: str, tmp_path: Path) -> None:
    said = install(shell, tmp_path)
    assert said.returncode == 2
    assert said.stderr.startswith(f"error: {message}\nhint:  ")
    assert hint in said.stderr
    assert list(tmp_path.rglob("*completion*")) == []


def test_a_file_in_the_way_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").mkdir()
    said = install("bash", tmp_path)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith(f"error: {tmp_path / '.bashrc'} cannot be changed: ")
    assert "hint:  add this line to it: " in said.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "pwsh"])
def test_the_script_can_be_printed(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "r1plan", "--show-completion", shell], capture_output=True, text=True, check=True
    )
    assert "_R1PLAN_COMPLETE" in done.stdout
    if shell in START and shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)  # reads it, and runs nothing
