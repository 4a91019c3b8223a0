"""Only a plain file of bounded size is read, and nothing else is waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from r1plan.files.plain import plain_bytes


@pytest.mark.parametrize(("size", "fits"), [(9, True), (10, True), (11, False)])
def test_a_file_of_up_to_so_many_bytes_is_read(tmp_path: Path, size: int, fits: bool) -> None:
    (tmp_path / "x").write_bytes(b"a" * size)
    if fits:
        assert plain_bytes(tmp_path / "x", 10) == b"a" * size
    else:
        with pytest.raises(OSError, match="is larger than"):
            plain_bytes(tmp_path / "x", 10)


def test_a_link_to_a_plain_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a")
    (tmp_path / "y").symlink_to("x")
    assert plain_bytes(tmp_path / "y", 10) == b"a"


def test_a_pipe_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OSError, match="is a named pipe, where a plain file is needed"):
        plain_bytes(tmp_path / "x", 10)


def test_a_socket_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "x"))
        with pytest.raises(OSError, match="is a socket, where"):
            plain_bytes(tmp_path / "x", 10)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_named(path: str, tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to(path)
    with pytest.raises(OSError, match="is a device, where"):
        plain_bytes(tmp_path / "x", 10)


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        plain_bytes(tmp_path, 10)


def test_a_link_to_nothing_is_told_from_no_file(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError, match="is a link to a file that is not there"):
        plain_bytes(tmp_path / "x", 10)
    with pytest.raises(FileNotFoundError, match="No such file"):
        plain_bytes(tmp_path / "y", 10)


def test_a_link_to_itself_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("x")
    with pytest.raises(OSError, match="symbolic links"):
        plain_bytes(tmp_path / "x", 10)


def descriptors() -> int:
    """How many this program has open; 0 where the system does not say."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a" * 20)
    before = descriptors()
    for path in (tmp_path / "x", tmp_path, tmp_path / "y"):
        with pytest.raises(OSError, match=r"."):
            plain_bytes(path, 10)
    assert descriptors() == before
