"""Why an option stands where it does, as facts; render/plan/words.py makes the sentences.

A Cause says why an option is not offered, a Standing why one is: what it was chosen for, how it differs from the chosen
one, or, of what was asked for and does not fit, its Cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from r1plan.plan.workload import Objective

CauseKind = Literal["memory", "slow", "refused", "behind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Where memory is short: all `cards` together, or the one `device` of its kind.

    `room_bytes` of it may be filled, and `context_bytes` of `needed_bytes` are the cache.
    """

    kind: Literal["cards", "gpu", "host", "unified", "disk"]
    device: str
    cards: int
    needed_bytes: int
    room_bytes: int
    context_bytes: int

    @property
    def place(self) -> tuple[str, str, int]:
        """What is short, whatever the figures."""
        return self.kind, self.device, self.cards


@dataclass(frozen=True, slots=True, kw_only=True)
class TooSlow:
    """Fewer tokens a second than are any use; with `thinking_over_r1` they may only count as fewer."""

    kind: ClassVar[CauseKind] = "slow"
    tok_s: float
    least_tok_s: float
    thinking_over_r1: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsMemory:
    """No layout fits. `shortfalls` are those of the most natural layout and, where it lacks another, the nearest miss.

    `shortfall_bytes` and `needed_bytes` are the nearest miss's over all devices. `from_disk` is set when experts could
    be read from disk, and that is too slow.
    """

    kind: ClassVar[CauseKind] = "memory"
    shortfalls: tuple[Shortfall, ...]
    shortfall_bytes: int
    needed_bytes: int
    from_disk: TooSlow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsShare:
    """The share of each of `gpus` cards that the server may use holds too little for `users` of `context` tokens."""

    kind: ClassVar[CauseKind] = "memory"
    gpus: int
    users: int
    context: int
    needed_bytes: int
    allowed_bytes: int

    @property
    def shortfall_bytes(self) -> int:
        """What all cards together lack."""
        return (self.needed_bytes - self.allowed_bytes) * self.gpus


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareNotFree:
    """The server refuses to start, because its share of each card, `utilization` of it, is not free."""

    kind: ClassVar[CauseKind] = "memory"
    gpus: int
    utilization: float
    allowed_bytes: int
    free_bytes: int

    @property
    def shortfall_bytes(self) -> int:
        """What all cards together lack."""
        return (self.allowed_bytes - self.free_bytes) * self.gpus


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFewUsers:
    """One user of `context` tokens fits, and not as many as asked; `shortfall_bytes` are all cards' together."""

    kind: ClassVar[CauseKind] = "memory"
    users: int
    users_wanted: int
    context: int
    shortfall_bytes: int


@dataclass(frozen=True, slots=True)
class ContextTooLong:
    """The model reads at most so many tokens."""

    kind: ClassVar[CauseKind] = "refused"
    context_max: int


@dataclass(frozen=True, slots=True)
class NoExperts:
    """A dense model was asked to keep its experts in RAM."""

    kind: ClassVar[CauseKind] = "refused"


@dataclass(frozen=True, slots=True)
class NeedsBlackwell:
    """The cards cannot compute with this type of weights."""

    kind: ClassVar[CauseKind] = "refused"
    dtype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How an option differs from the chosen one: in points of the quality index, times its speed, tokens of context."""

    quality_points: float
    speed_ratio: float
    from_disk: bool = False
    context_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RanksBelow:
    """It fits and is not shown. `not_on_gpu` is why part of it would be in host memory although there are cards."""

    kind: ClassVar[CauseKind] = "behind"
    choice_id: str
    difference: Difference
    tok_s: float | None = None
    from_disk: bool = False
    not_on_gpu: NeedsMemory | None = None


MemoryCause = NeedsMemory | NeedsShare | ShareNotFree | TooFewUsers
Cause = MemoryCause | TooSlow | ContextTooLong | NoExperts | NeedsBlackwell | RanksBelow


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best for what matters most. `cost` is the energy an answer, or a token, takes."""

    objective: Objective
    energy_of: Literal["answer", "token"] = "answer"


@dataclass(frozen=True, slots=True)
class AsAsked:
    """Exactly what was asked for; `caution` is why we would not recommend it."""

    caution: str | None = None


@dataclass(frozen=True, slots=True)
class ReadsFromDisk:
    """So many bytes of experts are read from disk, as a `last_resort` because nothing fits in memory."""

    disk_bytes: int
    last_resort: bool = False


@dataclass(frozen=True, slots=True)
class OtherSharing:
    """Another way to share the cards than the chosen one, and how fast it is over that."""

    how: Literal["experts spread", "one cache", "fewer cards", "more cards"]
    speed_ratio: float


Standing = Chosen | AsAsked | ReadsFromDisk | Difference | OtherSharing | Cause


@dataclass(frozen=True, slots=True)
class CardsBeyond:
    """The engine takes only the first `taken` of `cards`."""

    taken: int
    cards: int


@dataclass(frozen=True, slots=True)
class UnequalCards:
    """Cards of these names are left out, because those that work together must be equal."""

    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastFreeCounts:
    """Of equal cards the one with the least memory free counts for all."""

    least_gpu: int
    least_bytes: int
    largest_gpu: int
    largest_bytes: int


Note = CardsBeyond | UnequalCards | LeastFreeCounts
