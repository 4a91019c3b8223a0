"""What the log's own work costs: appending a row, over a bare write and fsync of the same bytes, in turn.

Each has a file of its own on the same disk. The rows of a request are two, so a chat waits for it twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append
from tests.ledger.soak import ended, started

ROWS = 300


def run() -> None:
    """Print the median of both and how many times the bare one ours is."""
    with TemporaryDirectory(dir=Path.home() if os.access(Path.home(), os.W_OK) else None) as folder:
        bare_file = os.open(Path(folder) / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        logs = Path(folder) / "logs"
        bare: list[float] = []
        ours: list[float] = []
        for number in range(ROWS):
            entry = ended(started(number))
            line = entry.to_line().encode()

            def write_bare(line: bytes = line) -> None:
                os.write(bare_file, line)
                os.fsync(bare_file)

            def write_ours(entry: UsageEntry = entry) -> None:
                append(entry, logs)

            turns: list[tuple[list[float], Callable[[], None]]] = [(bare, write_bare), (ours, write_ours)]
            for times, write in turns if number % 2 else turns[::-1]:
                at = time.perf_counter()
                write()
                times.append(time.perf_counter() - at)
        os.close(bare_file)
    ratio = median(ours) / median(bare)
    print(f"write + fsync         {median(bare) * 1e6:8.0f} us, median of {ROWS}")
    print(f"append to the log     {median(ours) * 1e6:8.0f} us, {ratio:.2f} times that (at most 1.5)")


if __name__ == "__main__":
    run()
