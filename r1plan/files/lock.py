"""A lock of the system's on an open file: one process has it, and it ends with its process, however that dies.

On Linux and macOS it is flock. Windows locks bytes, and keeps others from reading them: there it is one byte far
behind the end of a usage log. Both belong to the open file, so that one process may be in its own way.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from typing import Any

try:
    import fcntl
except ImportError:
    # Its calls begin at the file's place, which is a number of 31 bits there (UCRT, locking.cpp).
    _FAR = 2**31 - 2
    _msvcrt: Any = import_module("msvcrt")

    def try_lock(descriptor: int) -> bool:
        """Take the lock; False: somebody else has it. Raises OSError where there can be none."""
        return _at_far(descriptor, _msvcrt.LK_NBLCK)

    def unlock(descriptor: int) -> None:
        """Give the lock back."""
        with suppress(OSError):
            _at_far(descriptor, _msvcrt.LK_UNLCK)

    def sync(descriptor: int) -> None:
        """Return when what was written is on the disk."""
        os.fsync(descriptor)

    def _at_far(descriptor: int, mode: int) -> bool:
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            _msvcrt.locking(descriptor, mode, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)
        return True

else:
    # On macOS fsync leaves the data in the drive's own cache; this does not (man 2 fsync).
    _FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)

    def try_lock(descriptor: int) -> bool:
        """Take the lock; False: somebody else has it. Raises OSError where there can be none."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(descriptor: int) -> None:
        """Give the lock back."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def sync(descriptor: int) -> None:
        """Return when what was written is on the disk."""
        if _FULL_SYNC is None:
            os.fsync(descriptor)
        else:
            fcntl.fcntl(descriptor, _FULL_SYNC)
