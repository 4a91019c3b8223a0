"""The members of a zip that may be logs or exports, each unpacked within bounds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, cast

from r1plan.report.sources.given import may_be_read
from r1plan.report.sources.unpack import Damaged, Guard, copy_guarded

_MOST_MEMBERS = 10_000

MemberFault = Literal["encrypted", "outside", "archive_in_archive"]


def members(archive: zipfile.ZipFile) -> Iterator[tuple[str, MemberFault | None]]:
    """The names of what may be read in `archive`, in order of name, and what forbids reading one. Raises Damaged.

    A name that leads out of the archive is told and not read, though nothing is ever written under a member's name.
    """
    found = archive.infolist()
    if len(found) > _MOST_MEMBERS:
        raise Damaged
    for member in sorted(found, key=lambda each: each.filename):
        name = member.filename.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if member.is_dir() or any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts):
            continue
        if name.lower().endswith(".zip"):
            yield member.filename, "archive_in_archive"
        elif may_be_read(PurePosixPath(name).name):
            if ".." in parts or name.startswith("/") or name[1:2] == ":":
                yield member.filename, "outside"
            else:
                yield member.filename, "encrypted" if member.flag_bits & 1 else None


def unpack_member(archive: zipfile.ZipFile, name: str, target: BinaryIO) -> None:
    """Write the member `name` of `archive` into `target`. Raises Unsafe, Damaged, OSError."""
    member = archive.getinfo(name)
    guard = Guard(target)
    try:
        with cast("zipfile.ZipExtFile", archive.open(member)) as stream:
            copy_guarded(stream, guard, _Packed(member.compress_size))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Damaged from error


class _Packed:
    """How much of the archive a member takes: read once to its end."""

    def __init__(self, size_bytes: int) -> None:
        self._places = iter((0,))
        self._size_bytes = size_bytes

    def tell(self) -> int:
        return next(self._places, self._size_bytes)
