"""Python reads this when it starts: from then on r1plan finds nothing that Windows does not have.

The modules are hidden from r1plan alone, for the standard library of this system is not that of Windows; functions and
constants are taken away from everybody. In their place stands `msvcrt`, whose locks are this system's on single bytes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess  # noqa: F401  # it takes a system with msvcrt for Windows, so it comes first
import sys
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from typing import Any

MODULES = {"fcntl", "termios", "tty", "pty", "resource", "pwd", "grp", "readline", "posix", "syslog", "curses"}
OF_OS = (
    *("O_NOFOLLOW", "O_NONBLOCK", "O_NDELAY", "O_NOCTTY", "O_DIRECTORY", "O_CLOEXEC", "O_SYNC", "O_DSYNC"),
    *("getuid", "geteuid", "getgid", "getegid", "getpgrp", "getpgid", "tcgetpgrp", "getgroups", "setsid", "killpg"),
    *("fork", "forkpty", "openpty", "ttyname", "ctermid", "sched_getaffinity", "sched_setaffinity", "statvfs"),
    *("pread", "pwrite", "preadv", "pwritev", "fchmod", "fchown", "chown", "lchown", "mkfifo", "mknod", "nice"),
    *("fchdir", "fdatasync", "posix_fadvise", "posix_fallocate", "getloadavg", "getpriority", "sysconf"),
    *("set_blocking", "get_blocking", "confstr", "pathconf", "wait3", "wait4", "sync"),
)
OF_SELECT = ("poll", "epoll", "POLLIN", "POLLOUT", "POLLERR", "POLLHUP")
OF_SIGNAL = ("SIGHUP", "SIGPIPE", "SIGKILL", "SIGWINCH", "SIGTSTP", "SIGCONT", "SIGUSR1", "SIGALRM", "pthread_kill")
_FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux: type, whence, start, length, process


class _Hidden:
    """Finds nothing of MODULES for a module of r1plan."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] in MODULES and _is_asked_by_r1plan():
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return None


def _is_asked_by_r1plan() -> bool:
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] == "r1plan"


def _locking(descriptor: int, mode: int, count: int) -> None:
    """Lock or free `count` bytes from the file's place, for this opening of it, as Windows does: without waiting."""
    kind = fcntl.F_UNLCK if mode == 0 else fcntl.F_WRLCK
    place = os.lseek(descriptor, 0, os.SEEK_CUR)
    assert place < 2**31, "its place is a number of 31 bits there"
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, place, count, 0))
    except BlockingIOError as error:
        raise PermissionError(errno.EACCES, "Permission denied") from error


def _hide() -> None:
    open_, rename = os.open, os.rename

    def opened(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None:
            raise NotImplementedError("dir_fd unavailable on this platform")
        if not isinstance(path, int) and os.path.isdir(path):  # noqa: PTH112  # as little as can be
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return open_(path, flags, mode)

    def renamed(source: Any, target: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        if src_dir_fd is not None or dst_dir_fd is not None:
            raise NotImplementedError("src_dir_fd and dst_dir_fd unavailable on this platform")
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        rename(source, target)

    os.open, os.rename = opened, renamed  # type: ignore[assignment]
    os.supports_dir_fd = set()
    for module, names in ((os, OF_OS), (select, OF_SELECT), (signal, OF_SIGNAL), (socket, ("AF_UNIX",))):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    # Imported already, and by others than r1plan: who asks for them from now on is looked at.
    for name in MODULES & sys.modules.keys():
        del sys.modules[name]
    sys.meta_path.insert(0, _Hidden())
    msvcrt = types.ModuleType("msvcrt")
    msvcrt.LK_UNLCK, msvcrt.LK_LOCK, msvcrt.LK_NBLCK = 0, 1, 2  # type: ignore[attr-defined]
    msvcrt.locking = _locking  # type: ignore[attr-defined]
    sys.modules["msvcrt"] = msvcrt


_hide()
