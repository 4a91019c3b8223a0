"""What is said of a pull: sizes, rates, what is left, and nothing that steers a terminal."""

from __future__ import annotations

import pytest

from r1plan.models.pull.pinned import PinnedFile, PinnedModel, WantedFiles, WantedModel
from r1plan.models.pull.watcher import (
    ChangedThere,
    ChecksFile,
    Discarded,
    NotReached,
    PullEvent,
    WaitsForOther,
    WaitsForServer,
)
from r1plan.render.pull.progress import PlainProgress
from r1plan.render.pull.words import begin_text, chosen_text, duration_text, event_text, progress_text, size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_999, "1,000 kB"),
        (1_000_000, "1.0 MB"),
        (19_851_335_840, "19.9 GB"),
        (404_000_000_000, "404.0 GB"),
    ],
)
def test_sizes_of_files_are_decimal(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3599, "59 min"),
        (3600, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_what_is_left_is_said_in_two_parts_at_most(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_how_far_it_is_has_rate_and_time_left() -> None:
    assert progress_text(5 * 10**9, 20 * 10**9, 10**8) == "25 %: 5.0 GB of 20.0 GB, 100.0 MB/s, 2 min left"
    assert progress_text(20 * 10**9, 20 * 10**9, 10**8) == "100 %: 20.0 GB of 20.0 GB"
    assert progress_text(0, 20 * 10**9, None) == "0 %: 0 bytes of 20.0 GB"


def test_what_begins_says_what_is_here() -> None:
    assert begin_text("a/b", 1, 10**9, 0) == "a/b: 1 file, 1.0 GB."
    assert begin_text("a/b", 3, 10**10, 10**9) == "a/b: 3 files, 10.0 GB, of which 1.0 GB are here."


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (WaitsForServer("hub", 7, 429, None), "hub is busy (HTTP 429): trying again in 7 s."),
        (WaitsForServer("hub", 2, None, "reset"), "the connection was lost (reset): trying again in 2 s."),
        (WaitsForOther("a"), "a is being fetched by another program: waiting for it."),
        (ChecksFile("a", 10**9), "checking the 1.0 GB of a that are here."),
        (ChangedThere("a"), "a changed at the server: beginning anew with what is there now."),
        (Discarded("a"), "a was here with wrong bytes: they were removed, and it is fetched anew."),
        (NotReached("hub"), "hub cannot be reached; what is here is complete."),
    ],
)
def test_every_event_is_a_sentence(event: PullEvent, text: str) -> None:
    assert event_text(event) == text


def test_a_name_from_a_server_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    PlainProgress(lambda: 0.0).tells(WaitsForOther("a\x1b[31m\nb\u202e"))
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_lines_come_at_each_tenth_and_not_again_after_a_step_back(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    shown = PlainProgress(lambda: now[0])
    shown.begins(PinnedModel("a/b", "main", "c", (PinnedFile("f", 1000, "0" * 64),)), 250)
    for done in (250, 299, 300, 399, 700, 0, 99, 100, 1000):
        now[0] += 1
        shown.moves(done)
    said = [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()[1:]]
    assert said == ["30 %", "70 %", "10 %", "100 %"]


@pytest.mark.parametrize(
    ("slow_tok_s", "text"),
    [
        pytest.param(None, "M:Q4 is what this machine should run: 20.0 GB from maker/M-GGUF.", id="fast-enough"),
        pytest.param(
            0.19,
            "M:Q4 is the best of it for this machine, and slow: 0.19 tok/s; 20.0 GB from maker/M-GGUF.",
            id="slow",
        ),
    ],
)
def test_what_is_chosen_is_only_the_best_of_it_where_it_is_slow(slow_tok_s: float | None, text: str) -> None:
    files = WantedFiles("maker/M-GGUF", ("m.gguf",), None, "main", True)
    wanted = WantedModel(files, "M", "Q4", 20_000_000_000, slow_tok_s)
    assert chosen_text(wanted, 20_000_000_000) == text
