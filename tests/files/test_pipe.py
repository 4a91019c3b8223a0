"""A pipe in the place of a file is read to its end, within bounds; one that nobody writes to is named at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from r1plan.files.pipe import given_bytes


def written_to(pipe: Path, content: bytes, wait: Callable[[], object] = lambda: None) -> threading.Thread:
    def write() -> None:
        with pipe.open("wb") as file:
            wait()
            file.write(content)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_a_named_pipe_is_read_to_its_end_however_slow_who_writes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    late = threading.Event()
    writer = written_to(tmp_path / "x", b"a" * 200_000, late.wait)
    threading.Timer(0.1, late.set).start()
    assert given_bytes(tmp_path / "x", 1 << 20) == b"a" * 200_000
    writer.join()


def test_a_named_pipe_that_nobody_writes_to_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OSError, match="is a named pipe to which nobody writes"):
        given_bytes(tmp_path / "x", 10, writer_patience_s=0)


@pytest.mark.parametrize(("size", "fits"), [(0, True), (9, True), (10, True), (11, False), (100_000, False)])
def test_a_pipe_has_the_bound_of_a_file(size: int, fits: bool) -> None:
    reader, writer = os.pipe()
    threading.Thread(target=_write, args=(writer, b"a" * size), daemon=True).start()
    try:
        if fits:
            assert given_bytes(Path(f"/dev/fd/{reader}"), 10) == b"a" * size
        else:
            with pytest.raises(OSError, match="is larger than"):
                given_bytes(Path(f"/dev/fd/{reader}"), 10)
    finally:
        os.close(reader)


def _write(descriptor: int, content: bytes) -> None:
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except BrokenPipeError:
        pass  # the reader has enough


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/tty", "/"])
def test_what_is_neither_file_nor_pipe_is_refused(path: str) -> None:
    with pytest.raises(OSError, match=r"is a device, where|[Ii]s a directory|No such"):
        given_bytes(Path(path), 10)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        given_bytes(tmp_path / "x", 10)
