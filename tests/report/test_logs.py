"""A report reads the files that can hold its requests, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.errors import LogError
from r1plan.report.logs import given_logs, monthly_logs
from r1plan.report.period import Period, whole_month


def test_a_month_is_read_from_the_files_it_can_be_in(tmp_path: Path) -> None:
    for name in (*(f"2025-{month:02}.jsonl" for month in range(7, 12)), "notes.jsonl", "2025-09.jsonl.bak"):
        (tmp_path / name).touch()
    inside = [path.name for path in monthly_logs(tmp_path, whole_month("2025-09", "Asia/Shanghai"))]
    # The last may hold the end of a request that began in the month.
    assert inside == ["2025-08.jsonl", "2025-09.jsonl", "2025-10.jsonl"]
    assert monthly_logs(tmp_path / "gone", Period()) == []


def test_given_paths_are_read_once_each(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").touch()
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "c.txt").touch()
    again = tmp_path / "sub" / ".." / "a.jsonl"
    (tmp_path / "sub").mkdir()
    names = [path.name for path in given_logs([tmp_path / "c.txt", tmp_path, again])]
    assert names == ["c.txt", "a.jsonl", "b.jsonl"]
    with pytest.raises(LogError, match=r"gone\.jsonl does not exist"):
        given_logs([tmp_path / "gone.jsonl"])


def test_what_is_no_file_in_a_folder_is_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "gone")
    (tmp_path / "c.jsonl").mkdir()
    (tmp_path / "d.jsonl").symlink_to(tmp_path / "d.jsonl")
    assert [path.name for path in given_logs([tmp_path])] == ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"]


def test_compressed_logs_of_a_folder_are_not_passed_over(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.zst", "c.jsonl", "d.jsonl.bak", "e.jsonl~", "f.gz"):
        (tmp_path / name).touch()
    assert [path.name for path in given_logs([tmp_path])] == ["a.jsonl.gz", "b.jsonl.zst", "c.jsonl"]


def test_a_folder_without_a_log_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(LogError, match=r"^the folder .* holds no usage log\.$"):
        given_logs([tmp_path])


def test_a_dash_is_no_file_and_the_hint_says_what_is() -> None:
    with pytest.raises(LogError) as caught:
        given_logs([Path("-")])
    assert "/dev/stdin" in (caught.value.hint or "")
