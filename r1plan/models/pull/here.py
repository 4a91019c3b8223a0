"""What of a model the cache holds already, told without the hub."""

from __future__ import annotations

import os
from pathlib import Path

from r1plan.errors import EngineError
from r1plan.models.pull.entry import CacheEntry
from r1plan.models.pull.pinned import PinnedFile, PinnedModel, WantedFiles, is_checksum, is_safe_name
from r1plan.models.pull.reader import RepositoryListing, chosen


def pinned_here(wanted: WantedFiles, cache: Path) -> PinnedModel | None:
    """The files that are meant, where the cache holds all of them as they were last fetched; None where it does not.

    Raises UsageError where several models could be meant.
    """
    entry = CacheEntry(cache, wanted.repo)
    commit = entry.commit_of(wanted.revision)
    if not is_safe_name(commit) or "/" in commit:
        return None
    folder = entry.folder / "snapshots" / commit
    names = tuple(
        sorted(str((Path(root) / name).relative_to(folder)) for root, _, files in os.walk(folder) for name in files)
    )
    listing = RepositoryListing(commit, tuple(each for each in names if not each.rpartition("/")[2].startswith(".")))
    if not listing.names:
        return None
    files = []
    try:
        names = chosen(listing.names, wanted)
    except EngineError:
        return None
    for name in names:
        path = folder / name
        etag = Path(os.path.realpath(path)).name
        if not path.exists() or not is_checksum(etag):
            return None
        files.append(PinnedFile(name, path.stat().st_size, etag))
    return PinnedModel(wanted.repo, wanted.revision, commit, tuple(files))
