"""What we fetched into a cache that is not ours alone, and what we summed there: one small file a blob.

Only what stands here as fetched by us is ever removed. A record that cannot be written costs a second sum later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from r1plan.files.plain import plain_bytes
from r1plan.files.private import write_private
from r1plan.models.pull.pinned import PinnedFile

_MOST_BYTES = 1 << 16
_FIELDS: dict[str, type] = {
    "repo": str,
    "file": str,
    "etag": str,
    "path": str,
    "size": int,
    "mtime_ns": int,
    "is_ours": bool,
}


@dataclass(frozen=True, slots=True)
class BlobRecord:
    """A blob as it was when its sum was right. `is_ours`: we fetched it. `size` is -1 while it is being fetched."""

    repo: str
    file: str
    etag: str
    path: str
    size: int
    mtime_ns: int
    is_ours: bool


class PullRecords:
    """The records in `folder`, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begun(self, repo: str, file: PinnedFile, blob: Path) -> None:
        """Say that `blob` is being fetched, where it is not known."""
        if self._found(blob) is None and not blob.exists():
            self._write(BlobRecord(repo, file.name, file.etag, str(blob), -1, 0, is_ours=True))

    def summed(self, repo: str, file: PinnedFile, blob: Path, *, fetched: bool) -> None:
        """Say that the sum of `blob` is right now, and whether it was fetched for that."""
        known = self._found(blob)
        with suppress(OSError):
            status = blob.stat()
            ours = fetched or (known is not None and known.is_ours)
            self._write(
                BlobRecord(repo, file.name, file.etag, str(blob), status.st_size, status.st_mtime_ns, is_ours=ours)
            )

    def is_summed(self, blob: Path) -> bool:
        """Whether the sum of `blob` was right, and nobody has written to it since."""
        known = self._found(blob)
        try:
            status = blob.stat()
        except OSError:
            return False
        return known is not None and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns)

    def ours(self) -> Iterator[BlobRecord]:
        """What we fetched or began to fetch, whether it is still there or not."""
        found = [record for path in self._folder.glob("*.json") if (record := _read(path)) is not None]
        yield from sorted((each for each in found if each.is_ours), key=lambda each: (each.repo, each.file, each.path))

    def forget(self, record: BlobRecord) -> None:
        """Drop the record of a blob that was removed."""
        with suppress(OSError):
            (self._folder / _name(Path(record.path))).unlink()

    def _found(self, blob: Path) -> BlobRecord | None:
        found = _read(self._folder / _name(blob))
        return found if found is not None and found.path == str(blob) else None

    def _write(self, record: BlobRecord) -> None:
        with suppress(OSError):
            write_private(self._folder, _name(Path(record.path)), json.dumps(asdict(record)).encode())


def _name(blob: Path) -> str:
    return f"{sha256(str(blob).encode(errors='surrogateescape')).hexdigest()[:32]}.json"


def _read(path: Path) -> BlobRecord | None:
    try:
        fields = json.loads(plain_bytes(path, _MOST_BYTES))
        record = BlobRecord(**{name: fields[name] for name in _FIELDS})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return record if all(isinstance(fields[name], kind) for name, kind in _FIELDS.items()) else None
