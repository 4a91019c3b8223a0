"""What a model has read of a conversation, in a file: whole and of this very model, or it is not taken.

A line of JSON, the tokens as 32-bit numbers, and what llama.cpp wrote of its cache. llama.cpp checks little of what it
reads and ends the process for some of the rest, so it is given only what has the checksum of the line.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from r1plan.files.system import NO_FOLLOW, NO_WAIT, PLAIN, is_own, others_may

SCHEMA = "r1plan.state/1"
UNFINISHED = ".part"
"""The ending of a file that is being written."""

_READ = os.O_RDONLY | NO_FOLLOW | NO_WAIT | PLAIN
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | PLAIN
_MOST_LINE_BYTES = 1 << 16
_MOST_TOKENS = 1 << 24
_TOKEN_BYTES = 4
_CHUNK_BYTES = 8 << 20  # between two of them Ctrl-C is heard


@dataclass(frozen=True, slots=True, kw_only=True)
class StateHeader:
    """What a file says of itself: of which model with which cache it is, and what is in it.

    `prefill_tok_s` is how fast that model read prompts when it was written, `disk_bytes_per_s` how fast the file was
    written or last read.
    """

    of: dict[str, Any]
    tokens: int
    state_bytes: int
    checksum: int
    prefill_tok_s: float
    disk_bytes_per_s: float


@dataclass(frozen=True, slots=True)
class FoundState:
    """A file's header and tokens, and where its state begins."""

    header: StateHeader
    tokens: tuple[int, ...]
    begin: int


def found_state(path: Path, of: dict[str, Any]) -> FoundState | None:
    """What is in the file at `path`; None where there is none, or one that is not whole or not `of` this model."""
    try:
        with _opened(path) as descriptor:
            size = os.fstat(descriptor).st_size
            with os.fdopen(os.dup(descriptor), "rb") as file:
                line = file.readline(_MOST_LINE_BYTES)
                header = _header(line)
                if header is None or header.of != of:
                    return None
                if size != len(line) + _TOKEN_BYTES * header.tokens + header.state_bytes:
                    return None
                tokens = file.read(_TOKEN_BYTES * header.tokens)
    except OSError:
        return None
    if len(tokens) != _TOKEN_BYTES * header.tokens:
        return None
    return FoundState(header, tuple(_numbers(tokens)), len(line) + len(tokens))


def read_state(path: Path, found: FoundState) -> Any:
    """The state as llama.cpp takes it; None where the file is not what its header says. Raises MemoryError."""
    data = (ctypes.c_uint8 * found.header.state_bytes)()
    view = memoryview(data).cast("B")
    checksum, at = crc32(_bytes(found.tokens)), 0
    try:
        with _opened(path) as descriptor, os.fdopen(os.dup(descriptor), "rb", buffering=0) as file:
            file.seek(found.begin)
            while at < len(view):
                count = file.readinto(view[at : at + _CHUNK_BYTES])
                if not count:
                    return None
                checksum = crc32(view[at : at + count], checksum)
                at += count
    except OSError:
        return None
    return data if checksum == found.header.checksum else None


def write_state(path: Path, header: StateHeader, tokens: Sequence[int], state: Any) -> None:
    """Write the file in the place of what is at `path`, whole or not at all, for its owner alone.

    The checksum of `header` is made here. Raises OSError, and what a signal raises; nothing is left then.
    """
    view, packed = memoryview(state).cast("B"), _bytes(tokens)
    checksum = crc32(packed)
    for at in range(0, len(view), _CHUNK_BYTES):
        checksum = crc32(view[at : at + _CHUNK_BYTES], checksum)
    line = json.dumps({"schema": SCHEMA, **asdict(replace(header, checksum=checksum))}, separators=(",", ":"))
    unfinished = path.with_name(f".{path.name}.{os.urandom(8).hex()}{UNFINISHED}")
    descriptor = os.open(unfinished, _NEW, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            _write(file.fileno(), memoryview(line.encode() + b"\n" + packed))
            _write(file.fileno(), view)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _write(descriptor: int, data: memoryview) -> None:
    at = 0
    while at < len(data):
        at += os.write(descriptor, data[at : at + _CHUNK_BYTES])


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A plain file that nobody else can have written. Raises OSError."""
    descriptor = os.open(path, _READ)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not is_own(status) or others_may(status):
            raise PermissionError(f"{path.name} may be somebody else's")
        yield descriptor
    finally:
        os.close(descriptor)


def _header(line: bytes) -> StateHeader | None:
    """The first line, where it is one that was written here."""
    from pydantic import TypeAdapter, ValidationError

    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
        if not isinstance(row, dict) or row.pop("schema", None) != SCHEMA:
            return None
        header = TypeAdapter(StateHeader).validate_python(row)
    except (ValueError, RecursionError, ValidationError):
        return None
    sane = 0 < header.tokens <= _MOST_TOKENS and header.state_bytes > 0
    return header if sane and header.prefill_tok_s > 0 and header.disk_bytes_per_s > 0 else None


def _bytes(tokens: Sequence[int]) -> bytes:
    numbers = array("i", tokens)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(data: bytes) -> array[int]:
    numbers = array("i", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
