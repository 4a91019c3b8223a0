"""A report reads the files that can hold its requests, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.errors import LogError, UsageError
from r1plan.report.logs import monthly_logs
from r1plan.report.period import Period, whole_month
from r1plan.report.sources.given import STDIN, LogAddress, given_files


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
    names = [getattr(path, "name", "") for path in given_files([tmp_path / "c.txt", tmp_path, again])]
    assert names == ["c.txt", "a.jsonl", "b.jsonl"]
    with pytest.raises(LogError, match=r"gone\.jsonl does not exist"):
        given_files([tmp_path / "gone.jsonl"])


def test_what_is_no_file_in_a_folder_is_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "gone")
    (tmp_path / "c.jsonl").mkdir()
    (tmp_path / "d.jsonl").symlink_to(tmp_path / "d.jsonl")
    assert [getattr(path, "name", "") for path in given_files([tmp_path])] == [
        "a.jsonl",
        "b.jsonl",
        "c.jsonl",
        "d.jsonl",
    ]


def test_compressed_logs_of_a_folder_are_not_passed_over(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.zst", "c.jsonl", "d.jsonl.bak", "e.jsonl~", "f.gz"):
        (tmp_path / name).touch()
    assert [getattr(path, "name", "") for path in given_files([tmp_path])] == ["a.jsonl.gz", "b.jsonl.zst", "c.jsonl"]


def test_a_folder_without_a_log_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(LogError, match=r"^the folder .* holds no usage log\.$"):
        given_files([tmp_path])


def test_a_dash_is_standard_input() -> None:
    assert given_files(["-"]) == [STDIN]


def test_a_pattern_stands_for_the_files_that_match_it(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.json", "[d].csv", "sub/deep/e.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    def names(pattern: str) -> list[str]:
        return [getattr(path, "name", "") for path in given_files([f"{tmp_path}/{pattern}"]) if isinstance(path, Path)]

    assert names("*.csv") == ["[d].csv", "a.csv", "b.csv"]
    assert names("?.csv") == ["a.csv", "b.csv"]
    assert names("**/*.csv") == ["[d].csv", "a.csv", "b.csv", "e.csv"]
    assert names("[d].csv") == ["[d].csv"]  # a file of that name is no pattern
    with pytest.raises(LogError, match="no file matches"):
        given_files([f"{tmp_path}/*.parquet"])


@pytest.mark.parametrize("address", ["https://example.org/a.csv?key=secret", "s3://bucket/a.parquet"])
def test_an_address_is_told_without_what_may_be_a_key(address: str) -> None:
    (found,) = given_files([address])
    assert isinstance(found, LogAddress)
    assert (found.url, str(found)) == (address, address.partition("?")[0])


@pytest.mark.parametrize("address", ["http://example.org/a.csv", "https:///a.csv"])
def test_an_address_that_would_be_read_unprotected_or_names_no_host_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        given_files([address])
