"""What is written where a person said is whole or not there, theirs alone, and through nobody else's link."""

from __future__ import annotations

import os
import select
import stat
import threading
from pathlib import Path

import pytest

from r1plan.files.exported import write_exported
from tests.files.full_disk import file_size_limit


@pytest.mark.parametrize("replaces", [True, False])
def test_a_new_file_is_its_owners_alone(tmp_path: Path, replaces: bool) -> None:
    before = os.umask(0)
    try:
        write_exported(tmp_path / "x", b"a", replaces=replaces)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"longer")
    (tmp_path / "x").chmod(0o640)
    write_exported(tmp_path / "x", b"a", replaces=True)
    assert (tmp_path / "x").read_bytes() == b"a"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("make", ["file", "link", "dangling", "folder", "pipe"])
def test_nothing_that_is_there_is_touched_when_it_is_not_to_be_replaced(tmp_path: Path, make: str) -> None:
    path, other = tmp_path / "x", tmp_path / "y"
    if make == "file":
        path.write_bytes(b"precious")
    elif make == "folder":
        path.mkdir()
    elif make == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(other)
        if make == "link":
            other.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        write_exported(path, b"a", replaces=False)
    assert not other.exists() or other.read_bytes() == b"precious"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_of_ones_own_stays_and_its_file_is_written(tmp_path: Path, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "x").symlink_to("folder/y")
    if there:
        (tmp_path / "folder" / "y").write_bytes(b"old")
    write_exported(tmp_path / "x", b"a", replaces=True)
    assert (tmp_path / "x").is_symlink()
    assert (tmp_path / "folder" / "y").read_bytes() == b"a"


def test_a_link_of_another_user_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "y").write_bytes(b"precious")
    (tmp_path / "x").symlink_to("y")
    if os.geteuid() == 0:
        os.chown(tmp_path / "x", 12345, 12345, follow_symlinks=False)
    else:
        owner = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(PermissionError, match="is a link of another user"):
        write_exported(tmp_path / "x", b"a", replaces=True)
    assert (tmp_path / "y").read_bytes() == b"precious"


def test_a_pipe_that_somebody_reads_is_written_and_another_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OSError, match="is a named pipe that nobody reads"):
        write_exported(tmp_path / "x", b"a", replaces=True)
    reader = os.open(tmp_path / "x", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    content = b"a" * 300_000  # more than a pipe holds
    writing = threading.Thread(target=write_exported, args=(tmp_path / "x", content), kwargs={"replaces": True})
    writing.start()
    waiting = select.poll()
    waiting.register(reader, select.POLLIN)
    waiting.poll()  # until somebody writes, there is nobody to wait for
    with os.fdopen(reader, "rb") as file:
        assert file.read() == content
    writing.join()


def test_a_device_is_written_to() -> None:
    write_exported(Path("/dev/null"), b"a", replaces=True)
    assert Path("/dev/null").is_char_device()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_exported(tmp_path, b"a", replaces=True)


@pytest.mark.parametrize("there", [True, False])
def test_on_a_full_disk_what_was_there_stays_and_nothing_else_is_left(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "x").write_bytes(b"old")
    with file_size_limit(4096), pytest.raises(OSError):
        write_exported(tmp_path / "x", b"a" * 100_000, replaces=True)
    with file_size_limit(4096), pytest.raises(OSError):
        write_exported(tmp_path / "new", b"a" * 100_000, replaces=False)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("x", b"old")] * there
