"""The rows of a large log are kept as Parquet, and never taken where anything that they are made of differs."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from r1plan.report.database import open_database
from r1plan.report.entries import load_entries
from r1plan.report.log_source import LogSource
from r1plan.report.sample import sample_entries
from r1plan.report.store.kept_rows import KeptRows
from tests.report.test_quick import spaced

Read = tuple[list[tuple[object, ...]], list[tuple[str, str | None, int | None]]]
LINES = [each.to_line() for each in islice(sample_entries(), 60)]
LARGE = 0  # bytes: every log is


def read(*logs: Path, kept: Path | None = None, large_bytes: int = LARGE) -> Read:
    """The rows of `logs` and the warnings about them."""
    sources = [LogSource(name=str(each), file=each) for each in logs]
    with open_database() as database:
        folder = None if kept is None else KeptRows(kept)
        found = load_entries(database, sources, kept=folder, large_bytes=large_bytes)
        names = [name for name, *_ in database.execute("DESCRIBE entry").fetchall()]
        columns = ", ".join(sorted({*names} - {"told_bytes", "rowid"}))
        rows = database.execute(f"SELECT {columns} FROM entry ORDER BY rowid").fetchall()
        return rows, [(each.kind, each.file, each.line) for each in found]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "2025-09.jsonl"
    path.write_text("".join(LINES))
    return path


def edited_in_place(log: Path, _: Path) -> None:
    """Change a digit of a count in the middle of `log`, and set its time back."""
    status, text = log.stat(), log.read_text()
    at = text.index('"output_tokens":', len(text) // 2) + len('"output_tokens":')
    log.write_text(text[:at] + ("7" if text[at] != "7" else "8") + text[at + 1 :])
    os.utime(log, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(LINES[50:], id="plain"),
        pytest.param([*LINES[50:], LINES[3], LINES[3]], id="ids of the first again"),
        pytest.param([LINES[50], LINES[51][:40] + "\n", *LINES[52:]], id="torn"),
        pytest.param([spaced(each) for each in LINES[50:]], id="written by others"),
        pytest.param([LINES[50], "\n", *LINES[51:]], id="blank line"),
        pytest.param([*LINES[50:59], LINES[59].rstrip("\n")], id="no end"),
        pytest.param([], id="empty"),
    ],
)
def test_a_file_of_rows_is_what_a_table_of_them_is(second: list[str], log: Path, tmp_path: Path) -> None:
    log.write_text("".join(LINES[:50]))
    other = tmp_path / "2025-10.jsonl"
    other.write_text("".join(second))
    expected = read(log, other, large_bytes=1 << 40)
    assert len(expected[0]) >= 49
    assert read(log, other) == expected
    assert read(log, other, large_bytes=log.stat().st_size) == expected  # one of each
    for _ in range(2):
        assert read(log, other, kept=tmp_path / "kept") == expected


def test_rows_that_are_kept_are_not_read_again(log: Path, tmp_path: Path) -> None:
    kept = read(log, kept=tmp_path / "kept")
    rows = set((tmp_path / "kept").glob("*.parquet"))
    assert read(log, kept=tmp_path / "kept") == kept == read(log)
    assert set((tmp_path / "kept").glob("*.parquet")) == rows


def first_line_gone(log: Path, _: Path) -> None:
    log.write_text("".join(LINES[1:]))


def touched(log: Path, _: Path) -> None:
    os.utime(log, (0, 0))


def damaged(_: Path, kept: Path) -> None:
    (rows,) = kept.glob("*.parquet")
    content = bytearray(rows.read_bytes())
    content[len(content) // 2] ^= 1
    rows.write_bytes(content)


def gone(_: Path, kept: Path) -> None:
    (rows,) = kept.glob("*.parquet")
    rows.unlink()


def open_to_others(_: Path, kept: Path) -> None:
    (rows,) = kept.glob("*.parquet")
    rows.chmod(0o666)


def no_stamp(_: Path, kept: Path) -> None:
    (stamp,) = kept.glob("*.json")
    stamp.write_bytes(b"{}")


@pytest.mark.parametrize("change", [first_line_gone, touched, edited_in_place, damaged, gone, open_to_others, no_stamp])
def test_in_doubt_the_log_is_read(change: Callable[[Path, Path], None], log: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    read(log, kept=kept)
    rows = set(kept.glob("*.parquet"))
    change(log, kept)
    assert read(log, kept=kept) == read(log)
    assert set(kept.glob("*.parquet")) - rows


def test_what_was_said_of_lines_is_said_again_by_the_name_that_is_asked(log: Path, tmp_path: Path) -> None:
    log.write_text("".join([*LINES[:10], LINES[10][:50] + "\n", *LINES[11:]]))
    kept = tmp_path / "kept"
    assert read(log, kept=kept)[1] == [("bad_line", str(log), 11)]
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for path in (log, link / log.name):
        assert read(path, kept=kept)[1] == [("bad_line", str(path), 11)]


def test_what_is_kept_is_bounded_and_what_was_used_last_stays(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text("".join(LINES[:30]))
    folder = tmp_path / "kept"
    read(log, kept=folder)
    (first,) = folder.glob("*.parquet")
    os.utime(first, (0, 0))
    sources = [LogSource(name=str(other), file=other)]
    with open_database() as database:
        load_entries(database, sources, kept=KeptRows(folder, most_bytes=first.stat().st_size), large_bytes=LARGE)
    assert first not in folder.iterdir()
    assert sorted(each.suffix for each in folder.iterdir()) == [".json", ".parquet"]


def test_of_a_copy_nothing_is_kept(log: Path, tmp_path: Path) -> None:
    kept = KeptRows(tmp_path / "kept")
    with open_database() as database:
        load_entries(database, [LogSource(name="log.zip/log.jsonl", file=log)], kept=kept, large_bytes=LARGE)
    assert not (tmp_path / "kept").exists()


def test_nobody_else_can_read_what_is_kept(log: Path, tmp_path: Path) -> None:
    read(log, kept=tmp_path / "kept")
    modes = {each.stat().st_mode & 0o777 for each in (tmp_path / "kept").iterdir()}
    assert (modes, (tmp_path / "kept").stat().st_mode & 0o777) == ({0o600}, 0o700)
