"""A repository's folder in Hugging Face's cache: `blobs` by checksum, and `snapshots` that name them by commit.

The layout is huggingface_hub's (its file_download.py), so that other programs find what we fetch, and we what they did.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from r1plan.models.pull.pinned import PinnedFile

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EACCES}


class CacheEntry:
    """Paths of one repository below `cache`, and the steps by which a fetched file comes to be one of its files."""

    def __init__(self, cache: Path, repo: str) -> None:
        name = f"models--{repo.replace('/', '--')}"
        self.cache = cache
        self.folder = cache / name
        self._locks = cache / ".locks" / name

    def blob(self, file: PinnedFile) -> Path:
        """The bytes."""
        return self.folder / "blobs" / file.etag

    def partial(self, file: PinnedFile) -> Path:
        """The bytes that have come so far. Older programs go on with it, too."""
        return self.folder / "blobs" / f"{file.etag}.incomplete"

    def lock(self, file: PinnedFile) -> Path:
        """Held by whoever fetches the file, in every program that uses the cache."""
        return self._locks / f"{file.etag}.lock"

    def snapshot(self, commit: str, name: str) -> Path:
        """The file as an engine is given it."""
        return self.folder / "snapshots" / commit / name

    def make(self) -> None:
        """Make the folders that are written to."""
        (self.folder / "blobs").mkdir(parents=True, exist_ok=True)
        self._locks.mkdir(parents=True, exist_ok=True)

    def finished(self, file: PinnedFile) -> Path | None:
        """The blob, where it has the right length; None: it is to be fetched."""
        blob = self.blob(file)
        try:
            return blob if blob.stat().st_size == file.bytes else None
        except OSError:
            return None

    def partial_bytes(self, file: PinnedFile) -> int:
        """How many bytes have come so far."""
        try:
            size = self.partial(file).stat().st_size
        except OSError:
            return 0
        return size if size <= file.bytes else 0

    def link(self, commit: str, file: PinnedFile) -> Path:
        """Name the finished blob by commit and file, and return that path. Raises OSError."""
        path, blob = self.snapshot(commit, file.name), self.blob(file)
        with suppress(OSError):
            if path.samefile(blob):
                return path
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name[:60]}.{os.urandom(4).hex()}")
        try:
            new.symlink_to(os.path.relpath(blob, path.parent))
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # As huggingface_hub does on a file system without links.
            blob.replace(path)
            return path
        try:
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        return path

    def name_revision(self, revision: str, commit: str) -> None:
        """Say which commit a branch is, so that it is found by the branch's name without the hub."""
        if commit in (revision, self.commit_of(revision)):
            return
        path = self.folder / "refs" / revision
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.urandom(4).hex()}.tmp")
        try:
            new.write_text(commit, encoding="ascii")
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise

    def commit_of(self, revision: str) -> str:
        """The commit that `revision` was when it was last fetched; `revision` itself where nobody said."""
        try:
            return (self.folder / "refs" / revision).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError, ValueError):
            return revision


def keep_for_good(file: Path) -> None:
    """Have the disk hold what a rename made of `file`, also when the power goes."""
    with suppress(OSError):  # a file system that cannot, such as some of a network
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
