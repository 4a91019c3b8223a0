"""Where output goes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from r1plan.render import output

ASK = "import sys; from r1plan.render.output import styled; sys.exit(styled())"


@pytest.mark.parametrize(
    ("term", "terminal", "bold"),
    [("xterm", True, True), ("dumb", True, False), ("xterm", False, False)],
    ids=["terminal", "dumb terminal", "no terminal"],
)
def test_bold_letters_are_for_terminals_that_show_them(term: str, terminal: bool, bold: bool) -> None:
    ours, theirs = pty.openpty()
    stdout = theirs if terminal else subprocess.DEVNULL
    try:
        done = subprocess.run(
            [sys.executable, "-c", ASK], stdout=stdout, env={**os.environ, "TERM": term}, check=False, timeout=60
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == bold


HOSTILE = "a\x1b]52;c;eA==\x07\x9b31m\u202e\u061c\u200b\U000e0041\u2028b\nerror: c\x00"


def test_a_line_is_one_line_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.lines([HOSTILE, "\x1b[1mhead\x1b[0m"])
    assert capsys.readouterr().out == "a b error: c\n\x1b[1mhead\x1b[0m\n"


def test_an_error_and_its_hint_are_two_lines_whatever_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    output.error(HOSTILE, "first\nhint:  second")
    output.to_copy(HOSTILE)
    assert capsys.readouterr().err == "error: a b error: c\nhint:  first hint:  second\na b error: c\n"


def test_a_note_and_a_whole_text_keep_their_newlines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    output.note(HOSTILE)
    output.whole(HOSTILE)
    assert (capsys.readouterr()) == ("a b\nerror: c", "a b\nerror: c\n")


def test_a_document_says_what_it_was_given_and_shows_none_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    output.document({"name": HOSTILE, "half": "\ud83d", "pair": "\ud83d\ude00", HOSTILE: 1})
    text = capsys.readouterr().out
    assert not set(text) & set(HOSTILE) - set("ab error: c\n[]0;31m5=eA2")
    assert json.loads(text) == {"name": HOSTILE, "half": "\ufffd", "pair": "😀", HOSTILE: 1}


SHOWN = "≈ 中 😀 "
WRITE = (
    f"from r1plan.render import output; output.lines([{SHOWN!r} + chr(0xDC9B)]); "
    "output.note('≈'); output.document({'a': '≈ é 😀'})"
)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_stream_that_lacks_a_character_gets_an_escape_for_it(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITE],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    line, _, document = done.stdout.decode(encoding).partition("\n")
    assert line == ("≈ 中 😀 \ufffd" if encoding == "utf-8" else "\\u2248 \\u4e2d \\ud83d\\ude00 \\ufffd")
    assert json.loads(document) == {"a": "≈ é 😀"}


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_takes_nothing(closed: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "{WRITE}" {closed}'], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
