"""A copy of what was read from the catalogue, in the cache directory, for as long as no file of it changes.

The copy is only ever faster: where it is missing, stale, damaged, not ours alone or cannot be written, the files are
read. It is JSON, read into the values' own types and nothing else: it can hold wrong figures, but it cannot run code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from r1plan import __version__
from r1plan.catalog.reading.files import CatalogFile
from r1plan.files.private import read_private, write_private
from r1plan.settings import directories

T = TypeVar("T")

# A file that changed this lately may change again without its time showing it.
_SETTLED_NS = 2_000_000_000


def cached(
    name: str,
    type_: type[T],
    files: Sequence[CatalogFile],
    build: Callable[[], T],
    now_ns: int | None = None,
    may_be_kept: Callable[[T], bool] = lambda _value: True,
) -> T:
    """What `build` makes of `files`: the copy kept as `name`, or else built anew.

    `type_` is all of what is built, down to the fields. What was built is kept where it `may_be_kept`, unless a file
    changed shortly before `now_ns`, an instant in Unix nanoseconds (the clock's).
    """
    from msgspec import MsgspecError
    from msgspec.json import Decoder, encode

    folder, file_name = directories().cache / "catalog", f"{name}.json"
    stamp, newest_ns = _stamp(files)
    decoder = Decoder(type_)
    wrong = (MsgspecError, ValueError, OverflowError, RecursionError)
    with suppress(OSError, *wrong):
        content = read_private(folder, file_name)
        if content.startswith(stamp):
            return decoder.decode(memoryview(content)[len(stamp) :])
    value = build()
    try:
        content = encode(value)
        value = decoder.decode(content)  # so that the first reading gives to the last digit what every other will
    except wrong:
        return value  # what JSON cannot hold is read anew each time
    if may_be_kept(value) and newest_ns < (time.time_ns() if now_ns is None else now_ns) - _SETTLED_NS:
        with suppress(OSError):
            write_private(folder, file_name, stamp + content)
    return value


def _stamp(files: Sequence[CatalogFile]) -> tuple[bytes, int]:
    """What the copy depends on, as bytes, and when any of it changed last: the files, our code, its version."""
    try:
        code, code_ns = _code()
        states, files_ns = _states(each.path for each in files)
    except OSError:
        return b"gone", time.time_ns()
    text = "\n".join((__version__, *code, *states))
    return text.encode("utf-8", "surrogateescape") + b"\0", max(code_ns, files_ns)


@cache
def _code() -> tuple[tuple[str, ...], int]:
    """The state of the code that runs, which a change on the disk no longer reaches."""
    return _states(sorted(Path(__file__).resolve().parent.rglob("*.py")))


def _states(paths: Iterable[Path]) -> tuple[tuple[str, ...], int]:
    """One line a path that changes whenever its file does, and when any of them changed last, in Unix nanoseconds."""
    lines, newest_ns = [], 0
    for path in paths:
        status = path.stat()
        newest_ns = max(newest_ns, status.st_mtime_ns)
        lines.append(f"{path}:{status.st_mtime_ns}:{status.st_size}")
    return tuple(lines), newest_ns
