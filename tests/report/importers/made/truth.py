"""What a made record is: as its tool writes it, and what a report must make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A row as it must be, by the names of the importers' columns."""

    id: str
    provider: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    cache_hit_tokens: int | None = None
    thinking_tokens: int | None = None
    status: str = "ok"
    requests: int | None = 1
    reported_usd: Decimal | None = None
    tool_usd: Decimal | None = None
    attempt_of: str | None = None


@dataclass(frozen=True, kw_only=True)
class Made:
    """`record` as the tool writes it; `truth`: the row of it, None where it is none; `traps`: those it falls into."""

    record: Mapping[str, Any]
    truth: Truth | None = None
    traps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """What a request used: cached is within input, and thinking within output."""

    input: int
    hit: int
    output: int
    thinking: int

    @property
    def total(self) -> int:
        return self.input + self.output


def counts(random: Random) -> Counts:
    """Counts with all the edges: nothing cached, all cached, no thinking, nothing but thinking, one token."""
    read = random.choice((1, 63, 64, random.randint(1, 5000), random.randint(1, 10**9)))
    wrote = random.choice((0, 1, random.randint(1, 9000)))
    hit = random.choice((0, read, random.randint(0, read)))
    return Counts(read, hit, wrote, random.choice((0, wrote, random.randint(0, wrote))))


def usd(random: Random) -> Decimal:
    """An amount of up to 12 decimal places, as the tools write them: a JSON number that prints as it is."""
    return Decimal(random.randint(0, 10**7)).scaleb(-random.randint(2, 12))


def plain(amount: Decimal) -> float:
    """As JSON has it; its shortest text is the amount again."""
    return float(amount)
