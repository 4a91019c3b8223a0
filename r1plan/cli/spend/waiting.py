"""What a person at a terminal is told while large logs are read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from r1plan.report.sources.given import Given

_PATIENCE_S = 1.0
_SMALL_BYTES = 1_000_000  # a machine that is slow with these is busy with something else


@contextmanager
def waiting(logs: Sequence[Given], patience_s: float = _PATIENCE_S) -> Iterator[None]:
    """Say on stderr, where that is a terminal, what is being read once the `with` has taken `patience_s`.

    Of small files nothing is said.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    sizes = [each.stat().st_size for each in logs if isinstance(each, Path) and each.is_file()]
    if len(sizes) == len(logs) and sum(sizes) < _SMALL_BYTES:
        yield
        return
    from threading import Timer

    from r1plan.render.output import note
    from r1plan.render.spend.words import being_read

    timer = Timer(patience_s, note, (being_read(len(logs), sum(sizes)),))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
