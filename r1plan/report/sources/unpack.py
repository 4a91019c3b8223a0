"""Compressed files as plain copies, of which neither the size nor the ratio is anybody's to choose."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import shutil
import sys
import tarfile
import zlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, cast

Compression = Literal["gzip", "zstd", "bzip2", "xz", "lz4", "zip", "tar"]

_CHUNK_BYTES = 1 << 20
# A log of one repeated row is a few hundred times smaller when it is compressed; deflate can do 1,032 times.
_SUSPICIOUS_BYTES, _MOST_TIMES = 256 << 20, 400
# What is left to all others on the disk that copies are made on.
_KEPT_FREE_BYTES = 1 << 30
_BEGINNINGS: tuple[tuple[bytes, Compression], ...] = (
    (rb"\x1f\x8b\x08", "gzip"),
    (rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", "zstd"),  # a frame, or one that is to be skipped
    (rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", "bzip2"),
    (rb"\xfd7zXZ\x00", "xz"),
    (rb"PK(\x03\x04|\x05\x06)", "zip"),
    (rb"\x04\x22\x4d\x18", "lz4"),
    (rb".{257}ustar", "tar"),
)


class Unsafe(Exception):
    """What a compressed file holds is more than anybody meant: `fault` says why."""

    def __init__(self, fault: Literal["bomb", "no_room"]) -> None:
        super().__init__(fault)
        self.fault = fault


class NoLibrary(Exception):
    """What unpacks a file is not installed."""


class Damaged(Exception):
    """A compressed file ends in the middle or is not what it says; what came before is in the copy."""


def compression_of(begin: bytes) -> Compression | None:
    """How a file that begins so is compressed; None where it is not."""
    for pattern, name in _BEGINNINGS:
        if re.match(pattern, begin, re.DOTALL):
            return name
    return None


def unpack(file: Path, compression: Compression, target: BinaryIO) -> None:
    """Write what `file` holds into `target`, all frames of it. Raises Unsafe, Damaged, NoLibrary, OSError."""
    guard = Guard(target)
    with file.open("rb") as packed, _opened(packed, compression) as stream:
        copy_guarded(stream, guard, packed)


def _opened(packed: BinaryIO, compression: Compression) -> AbstractContextManager[Readable]:
    match compression:
        case "gzip":
            return gzip.open(packed, "rb")
        case "bzip2":
            return bz2.open(packed, "rb")
        case "xz":
            return lzma.open(packed, "rb")
        case "zstd":
            if sys.version_info >= (3, 14):
                from compression import zstd
            else:
                from backports import zstd
            return zstd.open(packed, "rb")
        case "lz4":
            try:
                import lz4.frame
            except ImportError as error:
                raise NoLibrary from error
            return cast("AbstractContextManager[Readable]", lz4.frame.open(packed, "rb"))
        case "zip" | "tar":
            raise AssertionError(compression)


class Readable(Protocol):
    """A stream that gives what is at hand, at most as many bytes as asked for."""

    def read1(self, size: int, /) -> bytes: ...  # noqa: D102


class _Placed(Protocol):
    def tell(self) -> int: ...


class Guard:
    """Writes into `target` no more than is safe."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._written = self._checked = 0

    def write(self, chunk: bytes, packed_bytes: int) -> None:
        """Write `chunk`, which came with all before it of `packed_bytes`. Raises Unsafe."""
        self._written += len(chunk)
        if self._written > _SUSPICIOUS_BYTES and self._written > _MOST_TIMES * packed_bytes:
            raise Unsafe("bomb")
        if self._written >= self._checked:
            if shutil.disk_usage(os.path.dirname(self._target.name)).free < _KEPT_FREE_BYTES:  # noqa: PTH120
                raise Unsafe("no_room")
            self._checked = self._written + 64 * _CHUNK_BYTES
        self._target.write(chunk)


def copy_guarded(stream: Readable, guard: Guard, packed: _Placed) -> None:
    """Write all of `stream`, which unpacks what it reads of `packed`. Raises Unsafe, Damaged."""
    begun = packed.tell()
    while True:
        try:
            # Not all of a chunk at once: what stands before a damage would be lost with it.
            chunk = stream.read1(_CHUNK_BYTES)
        except OSError as error:
            if error.errno is not None:
                raise  # the disk's, not the format's
            raise Damaged from error
        except (EOFError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
            raise Damaged from error
        except RuntimeError as error:  # lz4's, which has no kind of its own
            raise Damaged from error
        except _zstd_errors() as error:
            raise Damaged from error
        if not chunk:
            return
        guard.write(chunk, packed.tell() - begun)


def _zstd_errors() -> tuple[type[BaseException], ...]:
    """What reading zstd raises, where it was imported."""
    module = sys.modules.get("compression.zstd") or sys.modules.get("backports.zstd")
    errors: tuple[type[BaseException], ...] = (module.ZstdError,) if module else ()
    return errors
