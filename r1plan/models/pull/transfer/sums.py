"""The checksum of a file that is here, told against what it should be."""

from __future__ import annotations

from pathlib import Path

from r1plan.models.pull.pinned import PinnedFile
from r1plan.models.pull.watcher import ChecksFile, PullWatcher

_BATCH_BYTES = 1 << 20


def has_right_sum(path: Path, file: PinnedFile, watcher: PullWatcher) -> bool:
    """Whether the bytes at `path` are those of `file`. Raises OSError."""
    watcher.tells(ChecksFile(file.name, file.bytes))
    hasher = file.hasher()
    with path.open("rb", buffering=0) as source:
        while data := source.read(_BATCH_BYTES):
            hasher.update(data)
    return hasher.hexdigest() == file.etag
