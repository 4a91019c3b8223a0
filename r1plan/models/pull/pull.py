"""`models pull`: from what was asked for to files of the cache that are whole and right."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import EngineError, R1PlanError
from r1plan.models.pull.access import HubAccess
from r1plan.models.pull.entry import CacheEntry
from r1plan.models.pull.here import pinned_here
from r1plan.models.pull.host import PullHost
from r1plan.models.pull.pinned import PinnedFile, PinnedModel, WantedFiles
from r1plan.models.pull.record import PullRecords
from r1plan.models.pull.transfer.client import hub_client
from r1plan.models.pull.transfer.patience import Patience
from r1plan.models.pull.transfer.trouble import FileChanged, NotReachedError
from r1plan.models.pull.watcher import ChangedThere, NotReached, PullWatcher

if TYPE_CHECKING:
    import httpx2

_MOST_CHANGES = 3
_MARGIN = 0.05
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_GB = 1e9


@dataclass(frozen=True, slots=True)
class PulledFile:
    """A file where an engine finds it; `fetched_bytes` came for it just now."""

    file: PinnedFile
    path: Path
    fetched_bytes: int


@dataclass(frozen=True, slots=True)
class PulledModel:
    """All files of a model, of which an engine is given the first."""

    model: PinnedModel
    files: tuple[PulledFile, ...]

    @property
    def path(self) -> Path:
        """The file that an engine is given."""
        return self.files[0].path


def pull(
    wanted: WantedFiles, access: HubAccess, records: PullRecords, watcher: PullWatcher, host: PullHost
) -> PulledModel:
    """Have all files of `wanted` in the cache, checked against what the hub says of them.

    Raises R1PlanError: for what the hub has not or gives not, a disk without room, and bytes that are wrong. What had
    come is kept then, and the next pull goes on behind it.
    """
    if access.is_offline:
        here = pinned_here(wanted, access.cache)
        if here is None:
            raise EngineError(
                f"{wanted.repo} is not whole in {access.cache}, and HF_HUB_OFFLINE forbids to fetch it.",
                "unset HF_HUB_OFFLINE",
            )
        return _checked_here(here, access, records, watcher)
    with hub_client(access) as client:
        for _ in range(_MOST_CHANGES):
            try:
                return _pulled(client, wanted, access, records, watcher, host)
            except FileChanged as changed:
                watcher.tells(ChangedThere(changed.name))
            except NotReachedError:
                here = pinned_here(wanted, access.cache)
                if here is None:
                    raise
                watcher.tells(NotReached(access.host))
                return _checked_here(here, access, records, watcher)
    raise EngineError(
        f"{wanted.repo} changed at {access.host} {_MOST_CHANGES} times while it was fetched.", "try again later"
    )


def _pulled(
    client: httpx2.Client,
    wanted: WantedFiles,
    access: HubAccess,
    records: PullRecords,
    watcher: PullWatcher,
    host: PullHost,
) -> PulledModel:
    from r1plan.models.pull.reader import HubReader
    from r1plan.models.pull.transfer.fetch import FileFetch

    patience = Patience(access.host, host.sleep, watcher.tells)
    model = HubReader(access, patience).pinned(wanted)
    entry = CacheEntry(access.cache, model.repo)
    here = {file.name: _here_bytes(entry, file) for file in model.files}
    watcher.begins(model, sum(here.values()))
    _check_room(model, sum(here.values()), access.cache, host.free_bytes)

    def done(file: PinnedFile, count: int) -> None:
        here[file.name] = count
        watcher.moves(sum(here.values()))

    try:
        if sum(here.values()) < model.bytes:
            entry.make()
        fetching = FileFetch(client, access, model, patience, watcher, done, host)
        pulled = []
        for file in model.files:
            blob = entry.blob(file)
            records.begun(model.repo, file, blob)
            came = fetching.fetch(file, records.is_summed)
            if came or not records.is_summed(blob):
                records.summed(model.repo, file, blob, fetched=bool(came))
            pulled.append(PulledFile(file, entry.link(model.commit, file), came))
        entry.name_revision(model.revision, model.commit)
    except OSError as error:
        raise _disk_error(error, access.cache) from error
    return PulledModel(model, tuple(pulled))


def _checked_here(model: PinnedModel, access: HubAccess, records: PullRecords, watcher: PullWatcher) -> PulledModel:
    """What is in the cache, summed where nobody has done so."""
    from r1plan.models.pull.transfer.sums import has_right_sum

    entry = CacheEntry(access.cache, model.repo)
    watcher.begins(model, model.bytes)
    pulled = []
    for file in model.files:
        path = entry.snapshot(model.commit, file.name)
        blob = path.resolve()
        if not records.is_summed(blob):
            if not has_right_sum(blob, file, watcher):
                raise EngineError(
                    f"{path} holds other bytes than its checksum says.", "remove it, or pull it again with a network"
                )
            records.summed(model.repo, file, blob, fetched=False)
        pulled.append(PulledFile(file, path, 0))
    return PulledModel(model, tuple(pulled))


def _here_bytes(entry: CacheEntry, file: PinnedFile) -> int:
    return file.bytes if entry.finished(file) is not None else entry.partial_bytes(file)


def _check_room(model: PinnedModel, here_bytes: int, cache: Path, free_bytes: Callable[[Path], int]) -> None:
    """Raise EngineError where what is missing, and a margin, has no room."""
    missing = model.bytes - here_bytes
    folder = next((each for each in (cache, *cache.parents) if each.exists()), Path("/"))
    free = free_bytes(folder)
    needed = missing + int(missing * _MARGIN)
    if missing and needed > free:
        raise EngineError(
            f"{model.repo} needs {_size(needed)} more on the disk of {cache}, where {_size(free)} are free.",
            "free some room, name a smaller quant, or set HF_HOME to a folder on a larger disk",
        )


def _disk_error(error: OSError, cache: Path) -> R1PlanError:
    what = (error.strerror or str(error)).lower()
    if error.errno in _FULL:
        return EngineError(
            f"the disk of {cache} is full: what has come so far is kept.",
            "free some room and run the same command again: it goes on from there",
        )
    where = error.filename or cache
    return EngineError(f"{where} cannot be written: {what}.", "set HF_HOME to a folder of your own")


def _size(count: int) -> str:
    return f"{count / _GB:,.1f} GB" if count >= _GB / 10 else f"{count / 1e6:,.1f} MB"
