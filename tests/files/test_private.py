"""A private file is one that nobody else can have written, and it is written whole or not at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from r1plan.files.private import read_private, write_private
from tests.files.full_disk import file_size_limit


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_private(folder, "x", b"one")
    write_private(folder, "x", b"two")
    assert read_private(folder, "x") == b"two"
    assert [each.name for each in folder.iterdir()] == ["x"]


def test_folders_that_were_there_keep_their_modes_but_for_the_last(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(0o755)
    (tmp_path / "a" / "b").mkdir(0o755)
    write_private(tmp_path / "a" / "b", "x", b"")
    assert [(tmp_path / each).stat().st_mode & 0o777 for each in ("a", "a/b")] == [0o755, 0o700]


def test_a_file_with_a_second_name_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "a", "x", b"one")
    (tmp_path / "y").hardlink_to(tmp_path / "a" / "x")
    with pytest.raises(PermissionError):
        read_private(tmp_path / "a", "x")


def test_a_folder_a_pipe_a_socket_and_a_link_in_the_place_of_a_file_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir(0o700)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe", 0o600)
    (folder / "link").symlink_to("/dev/zero")
    (folder / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        for name in ("folder", "pipe", "link", "dangling", "socket", "none"):
            with pytest.raises(OSError):
                read_private(folder, name)


def test_a_folder_in_the_place_of_the_file_stays_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "a" / "x").mkdir(parents=True)
    with pytest.raises(OSError):
        write_private(tmp_path / "a", "x", b"one")
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["x"]


def test_a_name_that_another_program_took_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", lambda count: bytes(count))  # somebody guessed the name
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "a"
    folder.mkdir(0o700)
    (folder / f"x.{bytes(8).hex()}").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_private(folder, "x", b"one")
    assert victim.read_text() == "precious"


def test_on_a_full_disk_what_was_there_stays_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_private(tmp_path / "a", "x", b"old")
    with file_size_limit(4096), pytest.raises(OSError):
        write_private(tmp_path / "a", "x", b"a" * 100_000)
    assert read_private(tmp_path / "a", "x") == b"old"
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["x"]


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    write_private(tmp_path / "a", "x", b"")
    with (tmp_path / "a" / "x").open("r+b") as file:
        file.truncate(1 << 34)
    with pytest.raises(OSError, match="is larger than 64 MiB"):
        read_private(tmp_path / "a", "x")
