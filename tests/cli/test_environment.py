"""What the environment says wrongly ends no command with a traceback, and leaves no request open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOMELESS = {"R1PLAN_HOME": None, "XDG_DATA_HOME": None, "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None}

ELSEWHERE = {"R1PLAN_HOME": None, **{f"XDG_{name}_HOME": "{folder}/xdg" for name in ("DATA", "CONFIG", "CACHE")}}


def r1plan(
    *words: str, environment: dict[str, str | None], folder: Path, before: str = "", data: bytes = b""
) -> tuple[int, str, str]:
    changed = {name: value.replace("{folder}", str(folder)) if value else value for name, value in environment.items()}
    whole = {**os.environ, "PYTHONPATH": str(Path.cwd()), **changed}
    done = subprocess.run(
        ["/bin/bash", "-c", f'{before} exec {sys.executable} -m r1plan "$@"', "r1plan", *words],
        input=data,
        capture_output=True,
        env={name: value for name, value in whole.items() if value is not None},
        check=False,
    )
    out, errors = done.stdout.decode(), done.stderr.decode()
    for text in (out, errors):
        assert "Traceback" not in text
        assert "Exception ignored" not in text
    rows = [
        json.loads(line)
        for file in folder.rglob("logs/*.jsonl")
        for line in file.read_text().splitlines()
        if line.strip()
    ]
    assert all(row["status"] != "started" for row in {row["id"]: row for row in rows}.values())
    return done.returncode, out, errors


@pytest.mark.parametrize(
    ("environment", "before"),
    [
        pytest.param({**ELSEWHERE, "HOME": None}, "", id="no HOME"),
        pytest.param({**HOMELESS, "HOME": "{folder}/file"}, "", id="HOME is a file"),
        pytest.param({**HOMELESS, "HOME": "/proc/1/nothing"}, "", id="HOME cannot be written"),
        pytest.param({"R1PLAN_HOME": "{folder}/file"}, "", id="R1PLAN_HOME is a file"),
        pytest.param({"R1PLAN_HOME": "/dev/full"}, "", id="R1PLAN_HOME is a device"),
        pytest.param({"TMPDIR": "/nonexistent"}, "", id="no TMPDIR"),
        pytest.param({}, 'mkdir "$HOME/gone"; cd "$HOME/gone"; rmdir "$HOME/gone";', id="the folder is gone"),
        pytest.param({"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, "", id="POSIX"),
        pytest.param(
            {"LANG": "xx_YY.foo", "TERM": None, "COLUMNS": "abc", "LINES": "-1"}, "", id="LANG, TERM, COLUMNS"
        ),
        pytest.param({"TZ": ":/nonexistent", "COLUMNS": "0", "TERM": "dumb"}, "", id="TZ"),
        pytest.param({"TZ": "%", "PATH": "", "PYTHONUNBUFFERED": "1"}, "", id="TZ, PATH"),
        pytest.param({}, "ulimit -n 16;", id="few files"),
    ],
)
def test_an_answer_comes_all_the_same(environment: dict[str, str | None], before: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    given = {"HOME": str(tmp_path), **environment}
    code, out, _ = r1plan("chat", "--local", "1+1", environment=given, folder=tmp_path, before=before)
    assert (code, out) == (0, "1 + 1 = 2\n")


def test_a_disk_that_takes_no_row_costs_no_answer(tmp_path: Path) -> None:
    code, out, errors = r1plan("chat", "--local", "1+1", environment={}, folder=tmp_path, before="ulimit -f 0;")
    assert (code, out) == (0, "1 + 1 = 2\n")
    assert "cannot be written" in errors


def test_a_home_of_nobody_is_wrong_usage(tmp_path: Path) -> None:
    for words in (["detect"], ["cost-report"], ["chat", "--local", "1+1"]):
        code, _, errors = r1plan(*words, environment={"R1PLAN_HOME": "~nobody-of-that-name/x"}, folder=tmp_path)
        assert code == 2
        assert "error: R1PLAN_HOME is '~nobody-of-that-name/x', and there is no such user." in errors


def test_input_that_is_no_text_is_wrong_usage(tmp_path: Path) -> None:
    code, _, errors = r1plan("chat", "--local", "1+1", environment={}, folder=tmp_path, data=b"caf\xe9 \xff")
    assert (code, "error: standard input is not UTF-8 text." in errors) == (2, True)
