"""Remove from Hugging Face's cache what we fetched into it: the bytes, the names for them, and folders left empty."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from r1plan.errors import EngineError
from r1plan.models.pull.record import BlobRecord, PullRecords


def disk_bytes(record: BlobRecord) -> int:
    """What the blob, or what has come of it, takes on the disk; 0 where there is none."""
    total = 0
    for path in _files(record):
        with suppress(OSError):
            total += path.lstat().st_size
    return total


def remove_blobs(records: Iterable[BlobRecord], known: PullRecords) -> int:
    """Remove them, and return how many bytes were freed.

    Raises EngineError where one is being fetched, or where the system does not let it be removed.
    """
    freed = 0
    for record in records:
        blob = Path(record.path)
        repository = blob.parent.parent
        try:
            with _lock(record):
                size = disk_bytes(record)
                for name in _names(repository, blob):
                    name.unlink()
                for path in _files(record):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise EngineError(
                f"{error.filename or blob} cannot be removed: {(error.strerror or str(error)).lower()}."
            ) from error
        freed += size
        known.forget(record)
        _drop_empty(repository)
    return freed


def _files(record: BlobRecord) -> tuple[Path, Path]:
    blob = Path(record.path)
    return blob, blob.with_name(f"{blob.name}.incomplete")


def _names(repository: Path, blob: Path) -> Iterator[Path]:
    """Every link of the repository that leads to the blob."""
    for root, _folders, files in os.walk(repository / "snapshots"):
        for each in files:
            path = Path(root) / each
            if path.is_symlink() and path.parent.joinpath(path.readlink()).resolve() == blob.resolve():
                yield path


@contextmanager
def _lock(record: BlobRecord) -> Iterator[None]:
    """The lock that a pull holds, where there is one. Raises EngineError where somebody holds it."""
    import fcntl  # which not every system has

    blob = Path(record.path)
    repository = blob.parent.parent
    path = repository.parent / ".locks" / repository.name / f"{blob.name}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:  # nobody ever fetched it, or the cache is not ours to write
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(f"{record.file} is being fetched just now.", "stop that first") from None
        yield
    finally:
        os.close(descriptor)


def _drop_empty(repository: Path) -> None:
    """Remove folders that hold nothing any more, and with the last blob the names of the revisions."""
    with suppress(OSError):
        for root, _folders, _files_there in os.walk(repository, topdown=False):
            if root not in (str(repository), str(repository / "refs")):
                with suppress(OSError):
                    Path(root).rmdir()
        if not any((repository / each).exists() for each in ("blobs", "snapshots")):
            for ref in (repository / "refs").glob("**/*"):
                if ref.is_file():
                    ref.unlink()
            for root, _folders, _files_there in os.walk(repository, topdown=False):
                Path(root).rmdir()
