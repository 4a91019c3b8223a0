"""Many processes write one log while some of them are killed: what was acknowledged must be there, once, and whole.

`python -m tests.ledger.soak` runs the long version; the tests run a short one. Each request is two rows, as in a chat.
A worker tells the parent over a pipe what `append` has acknowledged; a killed one is replaced and its requests go on.
"""

from __future__ import annotations

import json
import os
import random
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from r1plan.errors import LogError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@dataclass
class Found:
    """What one run came to. `refused` counts the rows that `append` said it could not write."""

    acknowledged: int = 0
    refused: int = 0
    killed: int = 0
    rows: int = 0
    lost: int = 0
    doubled: int = 0
    unreadable: int = 0
    reads: int = 0
    read_unreadable: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or spoiled."""
        return not (self.lost or self.doubled or self.unreadable or self.read_unreadable)


def started(number: int) -> UsageEntry:
    """The first row of request `number`. Lengths differ, so that rows end anywhere in a page."""
    return UsageEntry(
        id=f"request-{number:06d}",
        started_at=AT,
        first_token_at=None,
        ended_at=None,
        provider="deepseek",
        model_requested="deepseek-flash",
        model_served=None,
        project="x" * (number * 7919 % 301),
        status="started",
        input_tokens=None,
        output_tokens=None,
    )


def ended(begun: UsageEntry) -> UsageEntry:
    """The row that replaces `begun`."""
    return replace(
        begun, ended_at=AT + timedelta(seconds=9), status="ok", end_reason="stop", input_tokens=10, output_tokens=20
    )


def _work(logs: Path, todo: list[int], pipe: int) -> None:
    """A worker: two rows for each request of `todo`; a line over `pipe` for each answer of `append`."""
    for number in todo:
        begun = started(number)
        for kind, entry in (("b", begun), ("e", ended(begun))):
            try:
                append(entry, logs)
                os.write(pipe, f"{kind}{number:06d}+\n".encode())
            except LogError:
                os.write(pipe, f"{kind}{number:06d}-\n".encode())


def _fork(logs: Path, todo: list[int], pipe: int) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _work(logs, todo, pipe)
            code = 0
        finally:
            os._exit(code)
    return child


def soak(
    logs: Path, *, processes: int, requests: int, kill_every_s: float, reader: bool = False, filler: Path | None = None
) -> Found:
    """Run it once into the empty folder `logs`. `filler`: a file on the same small disk, made and removed all the time.

    Worker n has the requests from n x `requests` on; a new one goes on after the last that was answered.
    """
    chance = random.Random(0)
    found = Found()
    begun = time.monotonic()
    read_end, write_end = os.pipe()
    answered: Counter[str] = Counter()
    todo = {n: list(range(n * requests, (n + 1) * requests)) for n in range(processes)}
    workers = {_fork(logs, todo[n], write_end): n for n in todo}
    watching = _start_reader(logs) if reader else None
    next_kill = begun + kill_every_s
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(read_end, selectors.EVENT_READ)
        while workers or selector.select(0):
            if selector.select(max(0.0, min(kill_every_s, next_kill - time.monotonic())) if workers else 0):
                *lines, rest = (rest + os.read(read_end, 1 << 16)).split(b"\n")
                answered.update(line.decode() for line in lines)
            if time.monotonic() >= next_kill and workers:
                next_kill = time.monotonic() + kill_every_s
                os.kill(chance.choice(list(workers)), signal.SIGKILL)
                if filler is not None:
                    _toggle(filler, chance)
            while workers:
                pid, status = os.waitpid(-1, os.WNOHANG) if watching is None else _reap(workers)
                if pid == 0:
                    break
                worker = workers.pop(pid)
                if status:
                    found.killed += 1
                    while selector.select(0):
                        *lines, rest = (rest + os.read(read_end, 1 << 16)).split(b"\n")
                        answered.update(line.decode() for line in lines)
                    done = {int(line[1:7]) for line in answered if line[0] == "e"}
                    # The request during which it was killed is not tried again: nobody knows whether its row is there.
                    left = [n for n in todo[worker] if n not in done][1:]
                    todo[worker] = left
                    if left:
                        workers[_fork(logs, left, write_end)] = worker
    os.close(read_end)
    os.close(write_end)
    found.seconds = time.monotonic() - begun
    if watching is not None:
        watching.send_signal(signal.SIGTERM)
        report = json.loads(watching.communicate(timeout=60)[0])
        found.reads, found.read_unreadable = report["reads"], report["unreadable"]
    _judge(found, answered, logs)
    return found


def _reap(workers: dict[int, int]) -> tuple[int, int]:
    """Like waitpid(-1), without taking the reader's end."""
    for pid in list(workers):
        reaped, status = os.waitpid(pid, os.WNOHANG)
        if reaped:
            return reaped, status
    return 0, 0


def _toggle(filler: Path, chance: random.Random) -> None:
    if chance.random() < 0.5:
        filler.unlink(missing_ok=True)
    else:
        try:
            with filler.open("wb", buffering=0) as stream:
                while True:
                    stream.write(b"\0" * 65536)
        except OSError:
            pass  # the disk is full now


def _judge(found: Found, answered: Counter[str], logs: Path) -> None:
    there: Counter[str] = Counter()
    for path in logs.glob("*.jsonl"):
        for line in path.read_bytes().split(b"\n"):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                found.unreadable += 1
                continue
            there[("b" if row["ended_at"] is None else "e") + row["id"].removeprefix("request-")] += 1
    for answer in answered:
        if answer.endswith("+"):
            found.acknowledged += 1
            found.lost += there[answer[:-1]] == 0
        else:
            found.refused += 1
    found.rows = there.total()
    found.doubled = sum(count > 1 for count in there.values())


def _start_reader(logs: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.soak", "--read", str(logs)], stdout=subprocess.PIPE, text=True
    )


def read_on(logs: Path) -> None:
    """Read the log again and again until SIGTERM; print how often, and how many whole lines could not be read."""
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stop.append(number))
    reads = unreadable = 0
    while not stop:
        for path in logs.glob("*.jsonl"):
            *lines, _unfinished = path.read_bytes().split(b"\n")
            for line in lines:
                try:
                    json.loads(line or b"0")
                except ValueError:
                    unreadable += bool(line.strip())
        reads += 1
        time.sleep(0.02)
    print(json.dumps({"reads": reads, "unreadable": unreadable}))


@contextmanager
def small_disk(size: str) -> Iterator[Path | None]:
    """A tmpfs of `size`; None where this user may not mount one."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, check=False
        )
        if mounted.returncode:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def main() -> None:
    """The long version: 8 processes x 2,000 requests, a kill each 50 ms, 20 times; quiet, read, and on a full disk."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    where = sys.argv[2] if len(sys.argv) > 2 else None
    for name in ("plain", "with a reader", "disk full"):
        total = Counter[str]()
        for number in range(rounds):
            full = name == "disk full"
            with small_disk("3m") if full else tempfile.TemporaryDirectory(dir=where) as folder:
                if folder is None:
                    print("disk full: skipped, a tmpfs cannot be mounted here")
                    break
                logs = Path(folder) / "logs"
                found = soak(
                    logs,
                    processes=8,
                    requests=2000,
                    kill_every_s=0.05,
                    reader=name == "with a reader",
                    filler=Path(folder) / "filler" if full else None,
                )
            for key in (
                "acknowledged",
                "refused",
                "killed",
                "rows",
                "lost",
                "doubled",
                "unreadable",
                "reads",
                "read_unreadable",
            ):
                total[key] += getattr(found, key)
            total["seconds"] += round(found.seconds)
            if not found.is_clean:
                print(f"{name}, round {number}: {found}")
        print(f"{name}, {rounds} rounds: " + ", ".join(f"{value:,} {key}" for key, value in total.items()), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read_on(Path(sys.argv[2]))
    else:
        main()
