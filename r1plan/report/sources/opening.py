"""Every file that a report is given, opened: our own logs as lines, those of other tools with who wrote them."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import BinaryIO

from duckdb import DuckDBPyConnection

from r1plan.files.pipe import WRITER_PATIENCE_S
from r1plan.report.log_source import LogSource, Refused, as_file, temporary_file
from r1plan.report.sources.archive import ManyMembers, Member, tar_members, zip_members
from r1plan.report.sources.given import Given, LogAddress
from r1plan.report.sources.layout import SAMPLE_BYTES
from r1plan.report.sources.plain import OpenedSources, PlainFiles
from r1plan.report.sources.unpack import Compression, Damaged, Guard, NoLibrary, Unsafe, compression_of, unpack
from r1plan.report.spend import ReportWarning

# A compressed export within a zip, and no more.
_DEEPEST = 2


def open_sources(
    given: Iterable[Given],
    database: DuckDBPyConnection,
    copies: ExitStack,
    *,
    forced_to: str | None = None,
    found: Collection[Given] = (),
    writer_patience_s: float = WRITER_PATIENCE_S,
    is_kept: Callable[[LogSource], bool] = lambda _: False,
) -> OpenedSources:
    """What can be read of `given`; `copies` removes what had to be copied.

    `forced_to` is the tool that wrote all of them; None: each says it itself. A pipe is read to its end; a named one
    that nobody opens to write within `writer_patience_s`, and any among `found`, which a folder had, is left out. The
    lines of what `is_kept` are not looked at.
    """
    plain = PlainFiles(database, copies, forced_to, is_kept)
    packed = _PackedFiles(plain, copies)
    for each in given:
        name = str(each)
        try:
            if isinstance(each, LogAddress):
                file = _fetched(each, copies)
            else:
                file = as_file(each, copies, writer_patience_s, is_named=each not in found)
            packed.open(name, file)
        except Refused as refused:
            plain.refuse(name, refused.fault)
        except OSError as error:
            plain.said.warnings.append(ReportWarning(kind="unreadable_file", file=name, os_error=error.strerror))
    return plain.said


class _PackedFiles:
    """Opens files, compressed ones and the members of archives as what is in them."""

    def __init__(self, plain: PlainFiles, copies: ExitStack) -> None:
        self._plain, self._copies = plain, copies

    def open(self, name: str, file: Path, depth: int = 0, *, in_archive: bool = False) -> None:
        """Say of `file`, which is told as `name`, what it holds.

        `depth`: out of how many others it came, an archive or what it was compressed as.
        """
        with file.open("rb") as stream:
            begin = stream.read(SAMPLE_BYTES)
        compression = compression_of(begin)
        if compression is None:
            self._plain.open(name, file, begin)
        elif depth == _DEEPEST or (compression in ("zip", "tar") and in_archive) or (depth and compression == "zip"):
            self._plain.refuse(name, "archive_in_archive")
        elif compression in ("zip", "tar"):
            self._open_archive(name, file, compression)
        else:
            self._unpacked(name, partial(unpack, file, compression), depth, in_archive=in_archive)

    def _open_archive(self, name: str, file: Path, kind: Compression) -> None:
        try:
            if kind == "zip":
                with zipfile.ZipFile(file) as archive:
                    self._open_members(name, zip_members(archive))
            else:
                with tarfile.open(file, "r:") as tar:
                    self._open_members(name, tar_members(tar, file.stat().st_size))
        except ManyMembers:
            self._plain.refuse(name, "many_members")
        except (zipfile.BadZipFile, tarfile.TarError, Damaged, NotImplementedError, UnicodeDecodeError):
            self._plain.refuse(name, "damaged")

    def _open_members(self, name: str, members: Iterable[Member]) -> None:
        found = list(members)
        if not found:
            self._plain.refuse(name, "empty_archive")
        for member in found:
            inside = f"{name}/{member.name}"
            if member.fault is not None:
                self._plain.refuse(inside, member.fault)
            else:
                self._unpacked(inside, member.unpack, 0, in_archive=True)

    def _unpacked(self, name: str, write: Callable[[BinaryIO], None], depth: int, *, in_archive: bool) -> None:
        """Open what `write` unpacks."""
        copy = temporary_file(self._copies)
        try:
            with copy.open("wb") as target:
                write(target)
        except Unsafe as unsafe:
            self._plain.refuse(name, unsafe.fault)
            return
        except NoLibrary:
            self._plain.refuse(name, "compressed")
            return
        except Damaged:
            # What came before the damage is read, and the damage told.
            self._plain.refuse(name, "damaged")
        self.open(name, copy, depth + 1, in_archive=in_archive)


def _fetched(address: LogAddress, copies: ExitStack) -> Path:
    from r1plan.engine.http.download import NotFetched, download

    copy = temporary_file(copies)
    with copy.open("wb") as target:
        guard = Guard(target)
        try:
            if address.url.startswith("s3:"):
                from r1plan.report.sources.object_store import fetch

                fetch(address.url, lambda chunk: guard.write(chunk, len(chunk)))
            else:
                download(address.url, lambda chunk: guard.write(chunk, len(chunk)))
        except NotFetched as error:
            raise OSError(0, error.reason) from error
        except Unsafe as unsafe:
            raise Refused(unsafe.fault) from unsafe
    return copy
