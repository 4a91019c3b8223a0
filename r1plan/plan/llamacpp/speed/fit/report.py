"""What a fit is off by: by kind of card, on its own rows and on rows of machines that it was not shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from r1plan.plan.llamacpp.speed.device_class import kinds_of
from r1plan.plan.llamacpp.speed.fit.cards import CardFit, groups
from r1plan.plan.llamacpp.speed.fit.least_squares import Vector
from r1plan.plan.llamacpp.speed.fit.rows import SpeedRow

# What a range has to hold: nine of ten.
_HELD = 0.90
# Kinds that get a range of their own. Of few machines little is known of how far another may be off, so a range is
# drawn to that of all by as many machines.
_RANGED = ("nvidia", "gddr", "hbm", "nvidia unified", "amd", "apple", "intel", "integrated")
_DRAWN = 2.0
# Those that were read so often that another file on them is what may be off, and not another card.
_READ_WELL = 20
_LEAST, _LEAST_OF_PROMPTS, _MOST = 0.08, 0.12, 0.44


class Off(NamedTuple):
    """Shares by which predicted speeds are off: of so many rows and machines, the median and the 90th percentile."""

    rows: int
    machines: int
    median: float
    high: float
    bias: float


def off(rows: Sequence[SpeedRow], logs: Vector, which: Callable[[SpeedRow], bool]) -> Off | None:
    """How far the rows that `which` names are off; `logs` are of their times, predicted by measured."""
    places = [place for place, row in enumerate(rows) if which(row)]
    if not places:
        return None
    shares = np.exp(-logs[places]) - 1
    return Off(
        len(places),
        len({rows[place].machine for place in places}),
        float(np.median(np.abs(shares))),
        float(np.quantile(np.abs(shares), 0.9)),
        float(np.median(shares)),
    )


def is_of_today(row: SpeedRow) -> bool:
    """Whether a row is of a build like today's."""
    return not row.era


def lines(fit: CardFit, left_out: Vector, by_file: Vector) -> Iterator[str]:
    """The report: each kind of card, tokens and prompts."""
    yield f"{'':<8}{'kind':<16}{'rows':>6}{'machines':>10}{'off':>8}{'90 %':>8}   left out: machine, 90 %; file, 90 %"
    for is_prompt in (False, True):
        for kind in (None, *_RANGED, "hopper"):

            def which(row: SpeedRow, kind: str | None = kind, is_prompt: bool = is_prompt) -> bool:
                of = kind is None or kind in kinds_of(row.card)
                return of and row.is_prompt == is_prompt and is_of_today(row)

            found = [off(fit.rows, logs, which) for logs in (fit.solution.residuals, left_out, by_file)]
            inside, machine, file = found
            if inside is None or machine is None or file is None:
                continue
            yield (
                f"{'prompt' if is_prompt else 'token':<8}{kind or 'all':<16}{inside.rows:>6}{inside.machines:>10}"
                f"{inside.median:>8.1%}{inside.high:>8.1%}   {machine.median:>7.1%}{machine.high:>8.1%}"
                f"{file.median:>9.1%}{file.high:>8.1%}"
            )


def spreads(fit: CardFit, left_out: Vector, by_file: Vector) -> dict[str, tuple[float, float]]:
    """By how large a share a token's and a prompt's speed may be off, for each kind."""
    every = [_held(fit.rows, left_out, is_prompt, None) for is_prompt in (False, True)]
    found: dict[str, tuple[float, float]] = {}
    for kind in _RANGED:
        pair = [_held(fit.rows, left_out, is_prompt, kind) for is_prompt in (False, True)]
        found[kind] = _bounded(
            *((own * n + all_ * _DRAWN) / (n + _DRAWN) for (own, n), (all_, _) in zip(pair, every, strict=True))
        )
    found["integrated"] = 0.50, 0.60
    found["unknown"] = 0.45, 0.60
    for kind in ("hopper",):
        pair = [_held(fit.rows, by_file, is_prompt, kind) for is_prompt in (False, True)]
        found[kind] = _bounded(pair[0][0], pair[1][0])
    return found


def _bounded(of_tokens: float, of_prompts: float) -> tuple[float, float]:
    return (
        round(min(max(of_tokens, _LEAST), _MOST), 2),
        round(min(max(of_prompts, _LEAST_OF_PROMPTS, of_tokens), _MOST), 2),
    )


def _held(rows: Sequence[SpeedRow], logs: Vector, is_prompt: bool, kind: str | None) -> tuple[float, int]:
    """What share holds nine of ten rows of a kind, each machine counting once, and how many machines there are."""
    places = [
        place
        for place, row in enumerate(rows)
        if row.is_prompt == is_prompt and is_of_today(row) and (kind is None or kind in kinds_of(row.card))
    ]
    if not places:
        return 0.0, 0
    # A measured speed lies in mid * (1 - share) to mid * (1 + share).
    shares = np.abs(np.exp(logs[places]) - 1)
    of = groups([rows[place] for place in places], lambda row: row.machine)
    weights = np.zeros(len(places))
    for each in of.values():
        weights[each] = 1 / len(each)
    order = np.argsort(shares)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(shares[order][min(int(np.searchsorted(reached, _HELD)), len(places) - 1)]), len(of)


def sources(fit: CardFit) -> dict[str, str]:
    """What each kind's constants come from, where rows of three machines or many of one are of it."""
    found: dict[str, str] = {}
    of: dict[str, list[SpeedRow]] = {}
    for row in fit.rows:
        for kind in kinds_of(row.card):
            of.setdefault(kind, []).append(row)
    for kind, rows in of.items():
        machines = {row.machine for row in rows}
        if kind not in (*_RANGED, "hopper") or (len(machines) < 3 and len(rows) < _READ_WELL):
            continue
        files = dict.fromkeys(row.id.split(" ")[0] if " " in row.id else "bench_calibration" for row in rows)
        first, *others = files
        cards = f"{len(machines)} such cards" if len(machines) > 1 else "one such card"
        found[kind] = f"fit of {len(rows)} rows of {cards}, {first}{' and others' * bool(others)}"
    return found
