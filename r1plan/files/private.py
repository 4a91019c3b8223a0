"""Files that nobody else can have written: in a folder of our own with mode 0700, each with mode 0600.

Everything goes through the folder's descriptor and no link is followed, so that what was checked is what is used. Where
folders cannot be opened (Windows), the user's own folders are closed to others by the system.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path

from r1plan.files.exported import write_exported
from r1plan.files.plain import too_large
from r1plan.files.system import FOLDER, HAS_FOLDERS_OPEN, NO_FOLLOW, NO_WAIT, PLAIN, is_own, others_may, set_mode

_FOLDER = os.O_RDONLY | FOLDER | NO_FOLLOW | PLAIN
_READ = os.O_RDONLY | NO_FOLLOW | NO_WAIT | PLAIN
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | PLAIN
_MOST_BYTES = 64 << 20  # the catalogue's copy has 1 MB
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_private(folder: Path, name: str) -> bytes:
    """The content of `name` in `folder`.

    Raises OSError where it cannot be read, and PermissionError where somebody else can have written it: no plain file,
    one with a second name, the file or the folder of another owner or open to others for writing.
    """
    descriptor = _opened(folder, name) if HAS_FOLDERS_OPEN else os.open(folder / name, _READ)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _check_plain(status, name)
        if status.st_size > _MOST_BYTES:
            raise too_large(_MOST_BYTES)
        return file.read(_MOST_BYTES)


def private_digest(folder: Path, name: str) -> str:
    """The SHA-256 of the content of `name` in `folder`, of any size. Raises as `read_private` does."""
    descriptor = _opened(folder, name) if HAS_FOLDERS_OPEN else os.open(folder / name, _READ)
    with os.fdopen(descriptor, "rb") as file:
        _check_plain(os.fstat(descriptor), name)
        return file_digest(file, "sha256").hexdigest()


def private_folder(folder: Path) -> None:
    """Make `folder`, or close it to others. Raises OSError, and PermissionError for one of another owner."""
    _make(folder)
    if HAS_FOLDERS_OPEN:
        os.close(_closed_to_others(folder))


def write_private(folder: Path, name: str, content: bytes) -> None:
    """Put `content` in the place of `name` in `folder`, whole or not at all. The folder is made, or closed to others.

    Raises OSError where that cannot be done, and PermissionError for a folder of another owner; no other file is left.
    """
    _make(folder)
    if not HAS_FOLDERS_OPEN:
        write_exported(folder / name, content, replaces=True)
        return
    inside = _closed_to_others(folder)
    try:
        unfinished = f"{name}.{os.urandom(8).hex()}"
        descriptor = os.open(unfinished, _NEW, 0o600, dir_fd=inside)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.rename(unfinished, name, src_dir_fd=inside, dst_dir_fd=inside)
        except BaseException:
            with suppress(OSError):
                os.unlink(unfinished, dir_fd=inside)
            raise
    finally:
        os.close(inside)


def _opened(folder: Path, name: str) -> int:
    inside = os.open(folder, _FOLDER)
    try:
        _check(os.fstat(inside))
        return os.open(name, _READ, dir_fd=inside)
    finally:
        os.close(inside)


def _closed_to_others(folder: Path) -> int:
    inside = os.open(folder, _FOLDER)
    try:
        status = os.fstat(inside)
        if is_own(status) and others_may(status):
            set_mode(inside, 0o700)
            status = os.fstat(inside)
        _check(status)
    except BaseException:
        os.close(inside)
        raise
    return inside


def _make(folder: Path) -> None:
    if not folder.parent.exists():
        _make(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(0o700)


def _check_plain(status: os.stat_result, name: str) -> None:
    _check(status)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise PermissionError(f"{name} is no plain file of one name")


def _check(status: os.stat_result) -> None:
    if not is_own(status) or others_may(status, _OTHERS_WRITE):
        raise PermissionError("others can have written it")
