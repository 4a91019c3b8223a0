"""The bytes of a file that somebody else may have put there: a plain file of bounded size, or a refusal at once."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from r1plan.files.system import NO_TERMINAL, NO_WAIT, PLAIN

_CHUNK_BYTES = 1 << 16
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def opened_plain(path: Path) -> BinaryIO:
    """The plain file at `path`, or that a link there leads to, opened for reading.

    Raises OSError, whose `strerror` says what is wrong in words: what stands there instead of a plain file, which is
    neither opened nor waited for; a link to nothing; what the system says of any other.
    """
    try:
        _check(path.stat())
    except FileNotFoundError:
        if path.is_symlink():
            raise FileNotFoundError(errno.ENOENT, "is a link to a file that is not there") from None
        raise
    # Not to be waited for either when another file took its place just now.
    file = os.fdopen(os.open(path, os.O_RDONLY | NO_WAIT | NO_TERMINAL | PLAIN), "rb")
    try:
        _check(os.fstat(file.fileno()))
    except BaseException:
        file.close()
        raise
    return file


def plain_bytes(path: Path, most_bytes: int) -> bytes:
    """The content of `path`. Raises OSError as `opened_plain` does, and for more than `most_bytes`."""
    with opened_plain(path) as file:
        content = bytearray()
        while len(content) <= most_bytes and (more := file.read(min(_CHUNK_BYTES, most_bytes + 1 - len(content)))):
            content += more
    if len(content) > most_bytes:
        raise too_large(most_bytes)
    return bytes(content)


def too_large(most_bytes: int) -> OSError:
    """The error for what has more than `most_bytes`."""
    return OSError(errno.EFBIG, f"is larger than {most_bytes >> 20} MiB")


def _check(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no file")
        raise OSError(errno.EINVAL, f"is {kind}, where a plain file is needed")
