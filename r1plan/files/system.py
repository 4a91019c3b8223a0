"""What only some systems have for files: flags that are nothing elsewhere, and calls with something in their place.

On Linux and macOS each is the system's own. Windows has no users' ids and no modes: there a folder of the user's is
closed to others by its list of rights, which is the system's to keep.
"""

from __future__ import annotations

import os
from pathlib import Path

NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)
NO_TERMINAL: int = getattr(os, "O_NOCTTY", 0)
FOLDER: int = getattr(os, "O_DIRECTORY", 0)
# Without O_BINARY, Windows writes each end of line as two characters.
PLAIN: int = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Belongs to every opening: bytes as they are, and not handed on to a child."""

HAS_FOLDERS_OPEN = os.open in os.supports_dir_fd and FOLDER != 0
"""Whether a folder can be opened, and files in it by that."""

_OTHERS = 0o077


def user_id() -> int | None:
    """The id of the user that this runs as; None where users have no such ids."""
    found = getattr(os, "geteuid", None)
    return None if found is None else int(found())


def is_own(status: os.stat_result) -> bool:
    """Whether the file belongs to this user."""
    user = user_id()
    return user is None or status.st_uid == user


def others_may(status: os.stat_result, which: int = _OTHERS) -> bool:
    """Whether the file's mode gives others any of the rights `which`."""
    return user_id() is not None and bool(status.st_mode & which)


if hasattr(os, "pread"):
    read_at, write_at = os.pread, os.pwrite
else:

    def read_at(descriptor: int, most_bytes: int, offset: int, /) -> bytes:
        """As os.pread: the bytes from `offset`; fewer only at the end of the file. The place in it stays."""
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            parts: list[bytes] = []
            while most_bytes > 0 and (part := os.read(descriptor, min(most_bytes, 1 << 24))):
                parts.append(part)
                most_bytes -= len(part)
            return b"".join(parts)
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)

    def write_at(descriptor: int, data: bytes, offset: int, /) -> int:  # type: ignore[misc]  # os.pwrite takes any bytes
        """As os.pwrite, for a file that was not opened to append. The place in it stays."""
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.write(descriptor, data)
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)


def set_mode(descriptor: int, mode: int) -> None:
    """Give the open file this mode, where files have one."""
    change = getattr(os, "fchmod", None)
    if change is not None:
        change(descriptor, mode)


def free_bytes(folder: Path) -> int | None:
    """The room that this user has left on the disk of `folder`, which exists; None: the system does not say.

    Raises OSError.
    """
    counts = getattr(os, "statvfs", None)
    if counts is not None:
        found = counts(folder)
        return int(found.f_bavail * found.f_frsize)
    import shutil

    usage = getattr(shutil, "disk_usage", None)
    return None if usage is None else int(usage(folder).free)
