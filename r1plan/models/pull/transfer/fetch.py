"""One file, from wherever it was left to a blob of the cache whose checksum is right."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import EngineError
from r1plan.models.pull.entry import CacheEntry, keep_for_good
from r1plan.models.pull.pinned import PinnedFile, PinnedModel
from r1plan.models.pull.transfer.connections import ConnectionCount
from r1plan.models.pull.transfer.part import PartSource
from r1plan.models.pull.transfer.running_sum import RunningSum
from r1plan.models.pull.transfer.stream import PartStream
from r1plan.models.pull.transfer.sums import has_right_sum
from r1plan.models.pull.watcher import ChecksFile, Discarded, PullWatcher, WaitsForOther

if TYPE_CHECKING:
    import httpx2

    from r1plan.models.pull.access import HubAccess
    from r1plan.models.pull.host import PullHost
    from r1plan.models.pull.transfer.patience import Patience

_BATCH_BYTES = 1 << 20
_ZEROS_BYTES = 1 << 16
_LOCK_AT_ONCE_S = 0.05


class FileFetch:
    """Fetches files of one model. `done` is told how many bytes of a file are here.

    What was written before `host` was started may have been lost.
    """

    def __init__(
        self,
        client: httpx2.Client,
        access: HubAccess,
        model: PinnedModel,
        patience: Patience,
        watcher: PullWatcher,
        done: Callable[[PinnedFile, int], None],
        host: PullHost,
    ) -> None:
        self._access, self._source = access, PartSource(client, access, model)
        self._patience, self._watcher, self._done = patience, watcher, done
        self._connections = ConnectionCount(access.limits, host.clock)
        self._host = host
        self._entry = CacheEntry(access.cache, model.repo)

    def fetch(self, file: PinnedFile, is_known: Callable[[Path], bool]) -> int:
        """Have the blob of `file` in the cache, whole and right; how many bytes came for it.

        `is_known` says whether a blob that is there was summed before. Raises EngineError, FileChanged, OSError.
        """
        blob = self._entry.finished(file)
        if blob is not None and is_known(blob):  # in a cache that may only be read, too
            self._done(file, file.bytes)
            return 0
        with self._locked(file), self._left_by_no_failure(file):
            blob = self._entry.finished(file)
            if blob is not None:
                if is_known(blob) or has_right_sum(blob, file, self._watcher):
                    self._done(file, file.bytes)
                    return 0
                self._watcher.tells(Discarded(file.name))
            came = self._received(file)
            if came is None:  # what was left of an earlier time was wrong, or the file was sent in parts of two
                self._watcher.tells(Discarded(file.name))
                came = self._received(file)
            if came is None:
                raise EngineError(
                    f"{file.name} came with another checksum than {self._access.host} gives for it: it was removed.",
                    "the file is damaged there, or was changed on the way: try another network or repository",
                )
            return came

    @contextmanager
    def _locked(self, file: PinnedFile) -> Iterator[None]:
        from filelock import Timeout
        from huggingface_hub.utils._fixes import WeakFileLock  # huggingface_hub's own way to lock a blob

        path = self._entry.lock(file)
        with ExitStack() as stack:
            try:
                stack.enter_context(WeakFileLock(path, timeout=_LOCK_AT_ONCE_S))
            except Timeout:
                self._watcher.tells(WaitsForOther(file.name))
                stack.enter_context(WeakFileLock(path))
            yield

    @contextmanager
    def _left_by_no_failure(self, file: PinnedFile) -> Iterator[None]:
        """Remove a partial file that nothing came into."""
        try:
            yield
        except BaseException:
            partial = self._entry.partial(file)
            with suppress(OSError):
                if not partial.stat().st_size:
                    partial.unlink()
            raise

    def _received(self, file: PinnedFile) -> int | None:
        """Fetch what is missing and make it the blob; how many bytes came. None: it was wrong, and is removed.

        The second None in a row, or one of a file that came undisturbed, is the server's fault.
        """
        partial = self._entry.partial(file)
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        with FileIO(descriptor, "r+") as target, RunningSum(file.hasher()) as total:
            begun = self._summed(target, file, total)
            self._done(file, begun)
            stream = PartStream(
                self._source, file, self._access.limits, self._patience, self._connections, self._host.clock
            )
            with closing(stream.from_offset(begun)) as pieces:
                for data in pieces:
                    _write(target, data)
                    total.add(data)
                    self._done(file, target.tell())
            is_right = total.hexdigest() == file.etag
            if is_right:
                os.fsync(descriptor)
        if not is_right:
            partial.unlink()
            self._done(file, 0)
            if not begun and not stream.had_trouble:
                raise EngineError(
                    f"{file.name} came with another checksum than {self._access.host} gives for it: it was removed.",
                    "the file is damaged there, or was changed on the way: try another network or repository",
                )
            return None
        blob = self._entry.blob(file)
        partial.replace(blob)
        keep_for_good(blob)
        return file.bytes - begun

    def _summed(self, target: FileIO, file: PinnedFile, total: RunningSum) -> int:
        """Sum what an earlier time left, to go on behind it; how many bytes that is."""
        size = target.seek(0, os.SEEK_END)
        if size > file.bytes:
            size = 0
        elif os.fstat(target.fileno()).st_mtime < self._host.booted_at_s:
            size = _without_zeros(target, size)
        target.truncate(size)
        target.seek(0)
        if size:
            self._watcher.tells(ChecksFile(file.name, size))
        left = size
        while left and (data := target.read(min(_BATCH_BYTES, left))):
            total.add(data)
            left -= len(data)
        return size - left


def _without_zeros(target: FileIO, size: int) -> int:
    """Where the bytes of an unfinished file end. A disk that lost its power holds zeros for what it had no time for."""
    while size:
        start = max(size - _ZEROS_BYTES, 0)
        target.seek(start)
        if written := target.read(size - start).rstrip(b"\0"):
            return start + len(written)
        size = start
    return 0


def _write(target: FileIO, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[target.write(view) or 0 :]
