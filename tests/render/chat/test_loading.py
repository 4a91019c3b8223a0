"""The bar of a loading: on a terminal, once it takes long, and gone when it is done."""

from __future__ import annotations

import sys

import pytest

from r1plan.render.chat.loading import load_progress
from tests.terminal import Terminal

PROGRAM = """
import sys, time
from r1plan.render.chat.loading import load_progress
seconds = {seconds}
times = iter([0.0, *[seconds] * 99])
with load_progress("R1:Q4_K_M", lambda: next(times)) as moved:
    for share in (0.0, 0.25, 0.5, 1.0):
        moved(share)
        time.sleep(0.2)
print("loaded")
"""


def test_a_long_loading_shows_its_share_and_leaves_nothing() -> None:
    with Terminal([sys.executable, "-c", PROGRAM.format(seconds=5.0)]) as terminal:
        terminal.until("loading R1:Q4_K_M")
        terminal.until("50%")
        assert terminal.ended() == 0
        assert terminal.screen.text.strip() == "loaded"


def test_a_short_loading_shows_nothing() -> None:
    with Terminal([sys.executable, "-c", PROGRAM.format(seconds=0.1)]) as terminal:
        assert terminal.ended() == 0
        assert terminal.screen.text.strip() == "loaded"


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}], ids=["dumb", "none"])
def test_a_terminal_that_can_do_nothing_gets_nothing(environment: dict[str, str]) -> None:
    with Terminal([sys.executable, "-c", PROGRAM.format(seconds=5.0)], environment) as terminal:
        assert terminal.ended() == 0
        assert terminal.screen.text.strip() == "loaded"


def test_where_stderr_is_no_terminal_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with load_progress("m", lambda: 0.0) as moved:
        moved(0.5)
    assert capsys.readouterr() == ("", "")
