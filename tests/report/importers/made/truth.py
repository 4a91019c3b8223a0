"""What a made record is: as its tool writes it, and what a report must make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
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
    # Of sums the first instant of their time, and how long that is.
    started_us: int | None = None
    first_token_us: int | None = None
    ended_us: int | None = None
    span_us: int = 0
    cost_low_usd: Decimal | None = None
    is_guessed: bool = False  # its tokens are an estimate of the tool's


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


_FIRST = datetime(2025, 1, 20, tzinfo=UTC)
# A price of DeepSeek's or another seller's changes there, or a month ends.
_EDGES = (
    *("2025-02-08T16:00", "2025-02-26T16:30", "2025-09-05T16:00", "2025-09-29T16:00", "2026-04-24T00:00"),
    *("2026-05-31T15:59", "2026-07-01T00:00", "2026-08-16T16:00", "2026-09-10T04:00", "2026-09-25T01:00"),
)


def moment(random: Random) -> datetime:
    """A millisecond of DeepSeek-R1's first two years; of three one is at an edge of prices."""
    if random.random() < 0.3:
        edge = datetime.fromisoformat(f"{random.choice(_EDGES)}+00:00")
        return edge + timedelta(milliseconds=random.choice((-1, 0, 1, random.randint(-4_000_000, 4_000_000))))
    return _FIRST + timedelta(milliseconds=random.randrange(58_000_000_000))


def later(random: Random, at: datetime) -> datetime:
    """When something ends that began at `at`: at once, or up to an hour later."""
    return at + timedelta(milliseconds=random.choice((0, random.randint(0, 90_000), random.randint(0, 3_600_000))))


def micros(at: datetime) -> int:
    """Since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def spelled(random: Random, at: datetime) -> str:
    """One of the ways in which tools and databases write an instant, to the millisecond or beyond."""
    match random.randrange(6):
        case 0:
            return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        case 1:
            return at.strftime("%Y-%m-%d %H:%M:%S.%f")
        case 2:
            return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        case 3:
            return at.isoformat()  # +00:00, and no fraction where it is 0
        case 4:
            return at.astimezone(timezone(timedelta(hours=random.choice((8, -5, 5.5))))).isoformat(" ")
        case _:
            return at.strftime("%Y-%m-%d %H:%M:%S.%f") + "+00"


def usd(random: Random) -> Decimal:
    """An amount of up to 12 decimal places, as the tools write them: a JSON number that prints as it is."""
    return Decimal(random.randint(0, 10**7)).scaleb(-random.randint(2, 12))


def plain(amount: Decimal) -> float:
    """As JSON has it; its shortest text is the amount again."""
    return float(amount)
