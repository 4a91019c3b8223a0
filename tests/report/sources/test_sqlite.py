from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from r1plan.report.sources.sqlite import Busy, copy_database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "logs.db")) as database:
        database.executescript("CREATE TABLE responses (id TEXT); INSERT INTO responses VALUES ('a')")
    return tmp_path / "logs.db"


def test_a_database_that_another_program_holds_is_given_up_after_a_while(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy):
            copy_database(file, tmp_path / "copy.db", patience_s=0.01)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_that_is_being_written_is_read_as_it_was_before(file: Path, tmp_path: Path, mode: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute(f"PRAGMA journal_mode = {mode}")
        writer.execute("INSERT INTO responses VALUES ('b')")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO responses VALUES ('c')")
        copy_database(file, tmp_path / "copy.db", patience_s=0.01)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT id FROM responses ORDER BY id").fetchall() == [("a",), ("b",)]
