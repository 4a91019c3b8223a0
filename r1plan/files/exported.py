"""What a person asked to be written to a file of their choice: whole or not at all, and for their eyes."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from r1plan.files.system import (
    FOLDER,
    HAS_FOLDERS_OPEN,
    NO_FOLLOW,
    NO_TERMINAL,
    NO_WAIT,
    PLAIN,
    is_own,
    set_mode,
)

_FOLDER = os.O_RDONLY | FOLDER | PLAIN
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | PLAIN


def write_exported(path: Path, content: bytes, *, replaces: bool) -> None:
    """Put `content` into the file `path`, a new one with mode 0600.

    With `replaces` a file that is there is replaced and its mode stays, a link of one's own is followed, and a pipe or
    device is written to. Raises OSError where that cannot be done: FileExistsError without `replaces`, PermissionError
    for a link that somebody else made. No half of a file is left, and what was there stays then.
    """
    if not replaces:
        _create(path, content)
        return
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            if not is_own(status) and status.st_uid != 0:
                raise PermissionError(errno.EPERM, f"is a link of another user (id {status.st_uid})")
            status = path.stat()
    except FileNotFoundError:
        _replace(path.resolve(), content, 0o600)
        return
    if not stat.S_ISREG(status.st_mode):
        _write_through(path, content)
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    else:
        _replace(path.resolve(), content, stat.S_IMODE(status.st_mode))


def _create(path: Path, content: bytes) -> None:
    descriptor = os.open(path, _NEW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def _replace(path: Path, content: bytes, mode: int) -> None:
    unfinished = f".{path.name[:60]}.{os.urandom(8).hex()}"
    if not HAS_FOLDERS_OPEN:
        _replace_by_path(path, path.with_name(unfinished), content)
        return
    folder = os.open(path.parent, _FOLDER)
    try:
        descriptor = os.open(unfinished, _NEW, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                set_mode(descriptor, mode)
                file.write(content)
            os.rename(unfinished, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(unfinished, dir_fd=folder)
            raise
    finally:
        os.close(folder)


def _replace_by_path(path: Path, unfinished: Path, content: bytes) -> None:
    try:
        _create(unfinished, content)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _write_through(path: Path, content: bytes) -> None:
    """Write to what is no plain file; a pipe that nobody reads is not waited for."""
    try:
        descriptor = os.open(path, os.O_WRONLY | NO_WAIT | NO_TERMINAL | PLAIN)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "is a named pipe that nobody reads") from None
        raise
    if NO_WAIT:
        os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
