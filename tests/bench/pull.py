"""How fast `models pull` is against huggingface_hub's own download, from one loopback hub in a process of its own.

Both fetch the same file, in turn, into a new cache; huggingface_hub sums nothing, we sum every byte. Only the ratio
within one round counts. The second hub sends no more than 25 MB/s over each connection, as busy ones do.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from r1plan.models.pull.access import hub_access
from r1plan.models.pull.host import PullHost, disk_free_bytes
from r1plan.models.pull.pinned import PinnedModel, WantedFiles
from r1plan.models.pull.pull import pull
from r1plan.models.pull.record import PullRecords
from r1plan.models.pull.watcher import PullEvent
from tests.models.pull.hub import REPO, running_hub, some_bytes

ROUNDS, THROTTLED_ROUNDS = 7, 3
BYTES, THROTTLED_BYTES = 400 << 20, 160 << 20
PIECE_BYTES, PAUSE_S = 1 << 18, 0.01
NAME = "R1-Q4_K_M.gguf"


class _Nobody:
    def begins(self, model: PinnedModel, here_bytes: int) -> None:
        pass

    def moves(self, done_bytes: int) -> None:
        pass

    def tells(self, event: PullEvent) -> None:
        pass


def run() -> None:
    """Print the ratio of the speeds, ours to theirs."""
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    sys.stdout.write(f"ours / theirs    {_ratio(BYTES, 0.0, ROUNDS):8.2f}    (at least 0.9)\n")
    throttled = _ratio(THROTTLED_BYTES, PAUSE_S, THROTTLED_ROUNDS)
    sys.stdout.write(f"ours / theirs    {throttled:8.2f}    where each connection is limited\n")


def _ratio(size: int, pause_s: float, rounds: int) -> float:
    """How many times as fast we are, the median of the rounds."""
    with _server(size, pause_s) as url, tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Callable[[Path], Path]] = {"huggingface_hub": _theirs(url), "r1plan": _ours(url)}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds):
            for name, way in ways.items():
                cache = Path(folder) / f"{name}-{number}"
                begun = time.perf_counter()
                path = way(cache)
                seconds[name].append(time.perf_counter() - begun)
                path.resolve().unlink()
    for name, taken in seconds.items():
        sys.stdout.write(f"{name:16} {size / median(taken) / 1e6:8.0f} MB/s\n")
    return median(theirs / ours for theirs, ours in zip(seconds["huggingface_hub"], seconds["r1plan"], strict=True))


def _ours(url: str) -> Callable[[Path], Path]:
    host = PullHost(time.sleep, disk_free_bytes, 0.0)

    def way(cache: Path) -> Path:
        access = hub_access({"HF_ENDPOINT": url, "HF_HUB_CACHE": str(cache), "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"})
        return pull(WantedFiles(REPO, (NAME,)), access, PullRecords(cache / "records"), _Nobody(), host).path

    return way


def _theirs(url: str) -> Callable[[Path], Path]:
    from huggingface_hub import hf_hub_download

    return lambda cache: Path(hf_hub_download(REPO, NAME, cache_dir=cache, endpoint=url, token=False))


@contextmanager
def _server(size: int, pause_s: float) -> Iterator[str]:
    ours, its = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(its, size, pause_s), daemon=True)
    process.start()
    its.close()  # so that its end is heard
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


def _serve(parent: Connection, size: int, pause_s: float) -> None:
    with running_hub({NAME: some_bytes(16 << 20) * (size >> 24)}) as hub:
        hub.pause_s = pause_s
        hub.piece_bytes = PIECE_BYTES if pause_s else hub.piece_bytes
        parent.send(hub.url)
        parent.recv()
