"""Who waits at a terminal is told for what, and nobody else."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event

import pytest

from r1plan.cli.spend.waiting import waiting
from r1plan.render import output


@pytest.mark.parametrize(
    ("is_terminal", "patience_s", "size_mb", "said"),
    [
        pytest.param(True, 0.0, 3, ["Reading 1 file, 3 MB …"], id="terminal"),
        pytest.param(True, 3600.0, 3, [], id="it is soon done"),
        pytest.param(False, 0.0, 3, [], id="no terminal"),
        pytest.param(True, 0.0, 0, [], id="a small file"),
    ],
)
def test_a_long_reading_is_told_on_a_terminal(
    is_terminal: bool, patience_s: float, size_mb: int, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, told, found = tmp_path / "log.jsonl", Event(), []
    log.write_bytes(b"x" * size_mb * 1_000_000)

    def note(text: str) -> None:
        found.append(text)
        told.set()

    monkeypatch.setattr(output, "note", note)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with waiting([log], patience_s):
        if said:
            assert told.wait(10)
    assert found == said
