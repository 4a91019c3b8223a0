"""Standard input, output and error as the program meets them: closed, full, or with nobody left who reads.

An answer that cannot be written is told once, and what comes after it is dropped. What goes to standard error is worth
no failure: an answer never ends because a note could not be shown.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO, cast

from r1plan.errors import OutputError

_IN, _OUT, _ERR = 0, 1, 2


def take() -> None:
    """Put our own streams in the place of Python's.

    A closed descriptor is opened on nothing, so that no file of ours gets its number.
    """
    was_open = [_open(number) for number in (_IN, _OUT, _ERR)]
    if sys.stdin is None:
        sys.stdin = open(_IN, encoding="utf-8", closefd=False)  # noqa: SIM115 -- it lives as long as the program
    elif isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    sys.stderr = _written(sys.stderr, _ERR, _Lenient)
    sys.stdout = _written(sys.stdout, _OUT, _Output if was_open[_OUT] else _Closed)


def check_output() -> None:
    """Raise OutputError where standard output is closed: for who would pay for what is to be written there."""
    if isinstance(_raw(), _Closed):
        raise output_error(_NOT_OPEN)


def lost_output() -> OSError | None:
    """Why standard output cannot be written, None where it can, as far as anybody has tried."""
    raw = _raw()
    return raw.lost if isinstance(raw, _Output) else None


def flushed() -> OSError | None:
    """Write what is left, and say why it cannot be written; None when all is well."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            if stream is sys.stdout:
                return lost_output() or error
        except ValueError:  # closed
            pass
    return lost_output()


def output_error(lost: OSError) -> OutputError:
    """What is to be said of it, but of a pipe that nobody reads, of which nothing is."""
    if lost is _NOT_OPEN:
        return OutputError("standard output is closed.", "give it a place to write to; > /dev/null drops all.")
    return OutputError(
        f"standard output cannot be written: {(lost.strerror or str(lost)).lower()}.",
        "free some room there, or write elsewhere.",
    )


def is_closed_pipe(lost: OSError) -> bool:
    """Whether whoever read the output has left, as `head` does when it has enough."""
    return lost.errno == errno.EPIPE or (os.name == "nt" and lost.errno == errno.EINVAL)  # as Windows says it


_NOT_OPEN = OSError(errno.EBADF, os.strerror(errno.EBADF))


class _Output(io.FileIO):
    """Fails once, and drops everything from then on."""

    lost: OSError | None = None

    def write(self, data: object) -> int:
        if self.lost is not None:
            return _length(data)
        try:
            return self._written(data)
        except OSError as error:
            self.lost = error
            raise

    def _written(self, data: object) -> int:
        # None: it takes nothing more just now, as a pipe that somebody has made so.
        while (size := cast("int | None", super().write(data))) is None:  # type: ignore[arg-type]
            _wait_until_writable(self)
        return size


class _Closed(_Output):
    """Was not open when the program began."""

    def _written(self, data: object) -> int:
        raise _NOT_OPEN


class _Lenient(io.FileIO):
    """Never fails."""

    def write(self, data: object) -> int:
        try:
            return cast("int | None", super().write(data)) or _length(data)  # type: ignore[arg-type]
        except OSError:
            return _length(data)


def _wait_until_writable(file: io.FileIO) -> None:
    import select

    select.select([], [file], [])


def _raw(stream: TextIO | None = None) -> object:
    return getattr(getattr(sys.stdout if stream is None else stream, "buffer", None), "raw", None)


def _length(data: object) -> int:
    return memoryview(data).nbytes  # type: ignore[arg-type]


def _open(number: int) -> bool:
    """Whether the descriptor is open; if not, it is opened on nothing."""
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        return False
    return True


def _written(stream: TextIO | None, number: int, kind: type[io.FileIO]) -> TextIO:
    """A stream like `stream` over a file of `kind`; itself where it is not Python's own, as in a test.

    What its encoding lacks is written as an escape.
    """
    if stream is None:
        return io.TextIOWrapper(io.BufferedWriter(kind(number, "wb", closefd=False)), "utf-8", line_buffering=True)
    if not isinstance(stream, io.TextIOWrapper) or stream is not getattr(sys, f"__std{_NAMES[number]}__"):
        return stream
    stream.flush()
    if type(_raw(stream)).__name__ == "_WindowsConsoleIO":  # bytes would be shown in the console's own code page
        stream.reconfigure(errors="backslashreplace")
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(kind(number, "wb", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


_NAMES = {_OUT: "out", _ERR: "err"}
