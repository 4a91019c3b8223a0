"""How far an answer is, in one line."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from r1plan.money import usd
from r1plan.render.text.units import count

Phase = Literal["waiting", "thinking", "answering"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where an answer stands. `tokens` are estimated from the text that came.

    `usd` is what was spent, with this answer as far as it came; None: nothing is known.
    """

    model: str
    phase: Phase
    tokens: int
    phase_s: float
    decode_s: float
    usd: Decimal | None


def status_line(progress: Progress) -> str:
    """Such as "deepseek-flash · thinking, 12 s · about 312 tokens · 45 tok/s · $0.0012 so far"."""
    seconds = int(progress.phase_s)
    phase = f"{progress.phase}, {seconds} s" if seconds else f"{progress.phase} …"
    parts = [progress.model, phase] if progress.model else [phase]
    if progress.tokens:
        parts.append(f"about {count(progress.tokens, 'token')}")
        if progress.decode_s >= 1:
            parts.append(f"{progress.tokens / progress.decode_s:,.0f} tok/s")
    if progress.usd is not None:
        parts.append(f"{usd(progress.usd)} so far")
    return " · ".join(parts)


def fitted(line: str, columns: int) -> str:
    """As many whole parts of a status line as fit: half of an amount would be another amount."""
    while len(line) > columns and " · " in line:
        line = line.rpartition(" · ")[0]
    return line[:columns]


def folded_line(seconds: float, tokens: int) -> str:
    """What stays of a thinking that is folded."""
    whole = round(seconds)
    return f"thought{f' for {whole} s' if whole else ''}, about {count(tokens, 'token')}"
