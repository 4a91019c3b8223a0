"""Where output goes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

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
