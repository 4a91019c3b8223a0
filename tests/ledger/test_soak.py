"""Killed writers, a reader and a full disk: what was acknowledged is there, once, and every line can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.soak import small_disk, soak


@pytest.mark.parametrize("reader", [False, True], ids=["alone", "with a reader"])
def test_killed_writers_lose_and_spoil_nothing(tmp_path: Path, reader: bool) -> None:
    found = soak(tmp_path / "logs", processes=4, requests=60, kill_every_s=0.02, reader=reader)
    assert found.is_clean, found
    assert found.acknowledged > 200
    assert found.refused == 0


def test_a_full_disk_spoils_nothing_that_was_acknowledged() -> None:
    with small_disk("256k") as folder:
        if folder is None:
            pytest.skip("a tmpfs cannot be mounted here")
        found = soak(folder / "logs", processes=4, requests=200, kill_every_s=0.02, filler=folder / "filler")
    assert found.is_clean, found
    assert found.acknowledged > 0
    assert found.refused > 0
