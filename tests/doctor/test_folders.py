"""Folders that can be used or made, and logs with damaged lines; nothing is changed by looking."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from r1plan.doctor.folders import FreeDisk, folder, logs
from r1plan.report.sample import write_sample
from r1plan.units import GB


def test_a_folder_that_is_there_and_one_that_can_be_made_are_well(tmp_path: Path) -> None:
    assert (folder("data", tmp_path).exists, folder("data", tmp_path).state) == (True, "ok")
    later = folder("data", tmp_path / "a" / "b")
    assert (later.exists, later.state) == (False, "ok")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = folder("data", tmp_path / "file" / "data")
    assert (found.state, found.fault) == ("broken", f"{tmp_path / 'file'} is no folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_others_own_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert folder("data", tmp_path / "x").state == "broken"
    tmp_path.chmod(0o700)


def test_logs_are_counted_with_their_damaged_lines(tmp_path: Path) -> None:
    assert (logs(tmp_path).files, logs(tmp_path).state) == (0, "ok")
    write_sample(tmp_path / "2025-09.jsonl")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    whole = logs(tmp_path)
    assert (whole.files, whole.size_bytes, whole.state) == (1, (tmp_path / "2025-09.jsonl").stat().st_size, "ok")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    (tmp_path / "2025-10.jsonl").write_text("garbage\n{}\n\n")
    damaged = logs(tmp_path)
    assert (damaged.files, damaged.unreadable, damaged.state) == (2, 2, "broken")
    (tmp_path / "2025-11.jsonl").mkdir()
    assert logs(tmp_path).faults == (f"{tmp_path / '2025-11.jsonl'}: no plain file",)


@pytest.mark.parametrize(("free", "state"), [(GB - 1, "broken"), (GB, "ok"), (None, "ok"), (0, "broken")])
def test_a_disk_with_no_room_is_broken(free: int | None, state: str, tmp_path: Path) -> None:
    assert FreeDisk(tmp_path, free).state == state
