"""A pipe that somebody named in the place of a file, as `<(command)` does. One without a writer is not waited for."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

from r1plan.files.plain import plain_bytes, too_large
from r1plan.files.system import NO_WAIT, PLAIN

WRITER_PATIENCE_S = 5.0
"""How long a named pipe may be without anybody who writes to it."""

_CHUNK_BYTES = 1 << 16


def opened_pipe(pipe: Path, writer_patience_s: float = WRITER_PATIENCE_S) -> tuple[bytes, BinaryIO] | None:
    """What has come out of `pipe` already, and the rest of it, to be read to its end and closed.

    None when nobody opens it to write within `writer_patience_s`. Who has opened it may be as slow as they like.
    Raises OSError.
    """
    from select import POLLIN, poll  # no system without it has named pipes among its files

    # Opened so, it does not wait for one who writes.
    descriptor = os.open(pipe, os.O_RDONLY | NO_WAIT | PLAIN)
    stream = os.fdopen(descriptor, "rb")
    try:
        begin = _available(descriptor)
        if begin == b"" and os.path.lexists(os.path.realpath(pipe)):
            waiting = poll()
            waiting.register(descriptor, POLLIN)
            # The end of one who wrote nothing is an event too; that one has opened it is none, but is seen below.
            if not waiting.poll(writer_patience_s * 1000) and (begin := _available(descriptor)) == b"":
                stream.close()
                return None
        os.set_blocking(descriptor, True)
    except BaseException:
        stream.close()
        raise
    return begin or b"", stream


def given_bytes(path: Path, most_bytes: int, writer_patience_s: float = WRITER_PATIENCE_S) -> bytes:
    """The content of a plain file or of a pipe that a person named.

    Raises OSError, whose `strerror` says in words what stands at `path` instead, that nobody writes to the pipe, or
    that there are more than `most_bytes`.
    """
    if not path.is_fifo():
        return plain_bytes(path, most_bytes)
    opened = opened_pipe(path, writer_patience_s)
    if opened is None:
        raise OSError(errno.EAGAIN, "is a named pipe to which nobody writes")
    content, stream = bytearray(opened[0]), opened[1]
    with stream:
        while len(content) <= most_bytes and (more := stream.read(_CHUNK_BYTES)):
            content += more
    if len(content) > most_bytes:
        raise too_large(most_bytes)
    return bytes(content)


def _available(descriptor: int) -> bytes | None:
    """What can be read at once: b"" when nobody has the pipe open to write, None when somebody has and is silent."""
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except BlockingIOError:
        return None
