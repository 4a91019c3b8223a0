"""Hands a parser its inputs and keeps count: what became of them, how long the slowest took, how memory grew."""

from __future__ import annotations

import re
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from r1plan.errors import R1PlanError
from tests.fuzz.parser import FuzzedParser

MOST_S = 2.0
_MOST_OUTCOMES = 20_000
_WARM = 1_000  # reads after which memory is to be flat: by then caches are full and every module is imported
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|[0-9][0-9.,_]*|U\+[0-9A-F]+|\S*/\S+")
_MIB_A_UNIT = 1 / 1024 if sys.platform != "darwin" else 1 / (1 << 20)


@dataclass(slots=True)
class FuzzOutcome:
    """What came of a run. `failures` are inputs that raised something else than our errors, or took too long."""

    name: str
    inputs: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    grown_mib: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line for a table."""
        return (
            f"{self.name:<13} {self.inputs:>10,} {len(self.outcomes):>9,} {self.slowest_s:>10.3f} "
            f"{self.grown_mib:>+10.1f} {len(self.failures):>9,} {self.seconds:>9.0f}"
        )


HEADING = f"{'parser':<13} {'inputs':>10} {'outcomes':>9} {'slowest s':>10} {'MiB grown':>10} {'failures':>9} {'s':>9}"


def run(parser: FuzzedParser, inputs: int, seed: int, save_in: Path | None = None) -> FuzzOutcome:
    """Hand `inputs` inputs to `parser`, the same ones for the same seed. What fails is written into `save_in`."""
    random = Random(f"{parser.name} {seed}")
    outcome = FuzzOutcome(parser.name)
    began_s, warm_mib, reads = time.monotonic(), 0.0, 0
    clock = time.perf_counter if parser.spends_elsewhere else time.thread_time
    with parser.opened() as read:
        while outcome.inputs < inputs:
            content = parser.make(random)
            before_s = clock()
            problem = _read(outcome, read, content)
            took_s = clock() - before_s
            outcome.slowest_s = max(outcome.slowest_s, took_s)
            if problem is None and took_s > MOST_S and not parser.spends_elsewhere:
                problem = f"took {took_s:.1f} s"
            if problem is not None:
                outcome.failures.append(problem)
                if save_in is not None and len(outcome.failures) <= 50:
                    save_in.mkdir(parents=True, exist_ok=True)
                    (save_in / f"{parser.name}-{seed}-{outcome.inputs}").write_bytes(content)
            outcome.inputs += parser.inputs_a_read
            reads += 1
            if reads == _WARM:
                warm_mib = _peak_mib()
    outcome.grown_mib = _peak_mib() - warm_mib if warm_mib else 0.0
    outcome.seconds = time.monotonic() - began_s
    return outcome


def _read(outcome: FuzzOutcome, read: object, content: bytes) -> str | None:
    """Read `content` and count what came of it. What is wrong with that; None: nothing."""
    try:
        label = read(content)  # type: ignore[operator]
    except R1PlanError as error:
        label = f"{type(error).__name__}: {error.message}"
        if "\n" in error.message or len(error.message) > 2_000:
            return f"no sentence: {error.message[:200]!r}"
    except Exception as error:  # that there is none is what is to be shown
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
        return f"{type(error).__name__} at {where}: {str(error)[:200]}"
    for each in label.split("\n"):
        shape = _VALUES.sub("_", each[:400])
        if shape in outcome.outcomes or len(outcome.outcomes) < _MOST_OUTCOMES:
            outcome.outcomes[shape] += 1
    return None


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MIB_A_UNIT
