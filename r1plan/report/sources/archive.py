"""The members of a zip or a tar that may be logs or exports, each unpacked within bounds."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, cast

from r1plan.report.sources.given import is_archive, may_be_read
from r1plan.report.sources.unpack import Damaged, Guard, Readable, copy_guarded

_MOST_MEMBERS = 10_000

MemberFault = Literal["encrypted", "outside", "archive_in_archive", "archived_link"]


@dataclass(frozen=True, slots=True)
class Member:
    """What may be read in an archive: `fault` says what forbids it, else `unpack` writes it into a file.

    That raises Unsafe, Damaged and OSError.
    """

    name: str
    fault: MemberFault | None
    unpack: Callable[[BinaryIO], None]


class ManyMembers(Exception):
    """An archive has more members than are read of one."""


def zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    """In order of name. Raises ManyMembers.

    A name that leads out of the archive is told and not read, though nothing is ever written under a member's name.
    """
    found = archive.infolist()
    if len(found) > _MOST_MEMBERS:
        raise ManyMembers
    for each in sorted(found, key=lambda each: each.filename):
        if not each.is_dir() and _is_meant(each.filename):
            fault: MemberFault | None = "encrypted" if each.flag_bits & 1 else None
            yield Member(each.filename, _fault(each.filename) or fault, partial(_unpack_zipped, archive, each))


def tar_members(archive: tarfile.TarFile, size_bytes: int) -> Iterator[Member]:
    """In order of name, of an archive of `size_bytes`; of members with one name each, in the order of the archive.

    Raises Damaged and ManyMembers. Links are told and not followed.
    """
    found: list[tarfile.TarInfo] = []
    try:
        for number, each in enumerate(archive):
            if number == _MOST_MEMBERS:
                raise ManyMembers
            found.append(each)
    except tarfile.TarError as error:
        raise Damaged from error
    # `tar -r` appends another file of a name that it has: a log that was begun anew has other requests.
    for each in sorted(found, key=lambda each: each.name):
        if not each.isdir() and _is_meant(each.name):
            fault: MemberFault | None = None if each.isreg() else "archived_link"
            yield Member(each.name, _fault(each.name) or fault, partial(_unpack_tarred, archive, each, size_bytes))


def _is_meant(name: str) -> bool:
    """Whether a member may be a log or an export, or an archive of them."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or any(part.startswith((".", "__MACOSX")) and part not in ("..", ".") for part in parts):
        return False
    return may_be_read(parts[-1])


def _fault(name: str) -> MemberFault | None:
    plain = name.replace("\\", "/")
    if is_archive(plain):
        return "archive_in_archive"
    leads_out = ".." in PurePosixPath(plain).parts or plain.startswith("/") or plain[1:2] == ":"
    return "outside" if leads_out else None


def _unpack_zipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: BinaryIO) -> None:
    try:
        with cast("zipfile.ZipExtFile", archive.open(member)) as stream:
            copy_guarded(stream, Guard(target), _Packed(member.compress_size))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Damaged from error


def _unpack_tarred(archive: tarfile.TarFile, member: tarfile.TarInfo, size_bytes: int, target: BinaryIO) -> None:
    """A sparse member may say that it is of any size."""
    stream = archive.extractfile(member)
    if stream is None:
        raise Damaged
    with stream:
        copy_guarded(cast("Readable", stream), Guard(target), _Packed(size_bytes))


class _Packed:
    """How much of the archive a member takes: read once to its end."""

    def __init__(self, size_bytes: int) -> None:
        self._places = iter((0,))
        self._size_bytes = size_bytes

    def tell(self) -> int:
        return next(self._places, self._size_bytes)
