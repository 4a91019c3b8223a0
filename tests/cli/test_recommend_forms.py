"""`r1plan recommend --format` and `--output`: the same plan as text, as a document and as a page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import r1plan.tiny
from tests.terminal import Terminal

TINY = Path(r1plan.tiny.__file__).parent / "r1-tiny-q8_0.gguf"
CARD = ("--gpu", "rtx-4090", "--ram", "64", "--model", "R1-Distill-Qwen-32B")


def recommend(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "r1plan", "recommend", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100"},
    )


def test_json_is_format_json() -> None:
    short, long = recommend(*CARD, "--json"), recommend(*CARD, "--format", "json")
    assert json.loads(short.stdout)["schema"] == "r1plan.recommend/1"
    assert json.loads(short.stdout) == json.loads(long.stdout)


def test_text_is_what_is_printed_without_a_form() -> None:
    assert recommend(*CARD).stdout == recommend(*CARD, "--format", "text").stdout


@pytest.mark.parametrize("form", ["text", "html"])
def test_two_forms_at_once_are_refused_in_a_sentence(form: str) -> None:
    done = recommend(*CARD, "--json", "--format", form)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == f"error: --json with --format {form}: a plan is shown in one form."


@pytest.mark.parametrize(
    ("name", "options", "begins"),
    [
        ("plan.html", (), "<!doctype html>"),
        ("PLAN.HTM", (), "<!doctype html>"),
        ("plan.json", (), '{\n  "schema": "r1plan.recommend/1"'),
        ("plan.txt", (), "Run R1-Distill-Qwen-32B"),
        ("plan", (), "Run R1-Distill-Qwen-32B"),
        ("plan.txt", ("--format", "html"), "<!doctype html>"),
        ("plan.html", ("--json",), '{\n  "schema": "r1plan.recommend/1"'),
    ],
    ids=["html", "htm", "json", "txt", "no ending", "the form before the ending", "--json before the ending"],
)
def test_a_file_has_the_form_that_is_asked_for_or_that_its_name_says(
    tmp_path: Path, name: str, options: tuple[str, ...], begins: str
) -> None:
    done = recommend(*CARD, *options, "--output", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_a_page_on_stdout_is_the_page_of_the_file_but_for_its_command(tmp_path: Path) -> None:
    path = tmp_path / "plan.html"
    printed = recommend(*CARD, "--format", "html").stdout
    recommend(*CARD, "--output", str(path))
    told = [text.split("Made by r1plan")[0] for text in (printed, path.read_text(encoding="utf-8"))]
    assert told[0] == told[1]
    assert "recommend" in printed.split("Made by r1plan")[1]


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    done = recommend(*CARD, "--output", str(tmp_path / "missing" / "plan.html"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: cannot write {tmp_path}/missing/plan.html: No such file or directory.\n")


def test_a_page_is_written_where_nothing_fits_and_the_exit_code_says_so(tmp_path: Path) -> None:
    done = recommend("--cpu-only", "--ram", "1", "--output", "plan.html", cwd=tmp_path)
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert done.returncode == 3
    assert done.stderr.startswith("error: nothing fits")
    assert "r1plan finds nothing that fits" in page


def test_a_page_on_a_terminal_says_how_to_have_it_in_a_file(home: Path) -> None:
    words = [sys.executable, "-m", "r1plan", "recommend", *CARD, "--format", "html"]
    with Terminal(words, {"R1PLAN_HOME": str(home)}) as terminal:
        assert terminal.ended() == 0
        assert "</html>" in terminal.screen.text
        assert "--output plan.html writes it into a file." in " ".join(terminal.screen.lines)


def test_a_model_file_whose_name_is_markup_is_named_and_makes_none(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>&amp;.gguf"
    shutil.copy(TINY, tmp_path / name)
    done = recommend("--gpu", "rtx-4090", "--model", name, "--format", "html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;amp;" in done.stdout
    assert "<img" not in done.stdout


def test_a_page_holds_no_control_sequence_and_nothing_that_hides_text(tmp_path: Path) -> None:
    name = "a\x1b[2J\u202eb.gguf"
    shutil.copy(TINY, tmp_path / name)
    done = recommend("--gpu", "rtx-4090", "--model", name, "--format", "html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout) & {"\x1b", "\u202e"}
