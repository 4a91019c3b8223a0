"""What a person should know of how a question is being answered, as facts; `render.chat.words` makes the sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from r1plan.errors import R1PlanError

# In all of them `name` is the target that it is about, as a sentence calls it.


@dataclass(frozen=True, slots=True)
class BreakerOpen:
    """`name` is passed over `until` an instant: its `provider` has failed too often of late."""

    kind: ClassVar = "skipped"
    name: str
    provider: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class NotSent:
    """`name` is passed over: it cannot be opened, or the money does not let it through."""

    kind: ClassVar = "skipped"
    name: str
    error: R1PlanError


@dataclass(frozen=True, slots=True)
class Cascaded:
    """`name` was left before its answer began: after so many `thinking_tokens`, or so many seconds."""

    name: str
    thinking_tokens: int | None = None
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class AsksNext:
    """Because of `why`, `name` is asked now, or after `wait_s` seconds."""

    why: R1PlanError | Cascaded
    name: str
    wait_s: float | None = None

    @property
    def kind(self) -> Literal["retrying", "cascaded", "failed_over"]:
        """In a word."""
        if self.wait_s is not None:
            return "retrying"
        return "cascaded" if isinstance(self.why, Cascaded) else "failed_over"


@dataclass(frozen=True, slots=True)
class ThinkingClosed:
    """`name` answers from what it has thought: it has reached a limit, or only thought the same again."""

    kind: ClassVar = "closing"
    name: str
    limit: Literal["budget", "thinking_limit", "thinking_loop"]


@dataclass(frozen=True, slots=True)
class Repeats:
    """`name` says the same again and again, for about so many `tokens` so far. Nothing is done about it yet."""

    kind: ClassVar = "looping"
    name: str
    part: Literal["thinking", "answer"]
    tokens: int


@dataclass(frozen=True, slots=True)
class ThinksLong:
    """`name` has thought for about so many `tokens`, where nine of ten such questions take `usual_tokens` at most."""

    kind: ClassVar = "thinking_long"
    name: str
    tokens: int
    usual_tokens: int


@dataclass(frozen=True, slots=True)
class LoopEnded:
    """The answer of `name` was ended where it only repeated itself; what had come is kept."""

    kind: ClassVar = "cut"
    name: str


@dataclass(frozen=True, slots=True)
class CutOff:
    """`name` was cut off; what had come is kept. `thinking_tokens` is the limit it reached, None: what it may cost."""

    kind: ClassVar = "cut"
    name: str
    thinking_tokens: int | None


@dataclass(frozen=True, slots=True)
class BrokeOff:
    """`name` broke off after its answer had begun; what had come is kept."""

    kind: ClassVar = "broke_off"
    name: str


@dataclass(frozen=True, slots=True)
class Uncounted:
    """The monthly budgets do not count what `name` costs: no price of it is known, or no row is kept."""

    kind: ClassVar = "uncounted"
    name: str
    why: Literal["no_price", "no_log"]


@dataclass(frozen=True, slots=True)
class UnreadableLines:
    """So many lines of this month's log are no rows, so the monthly budgets do not count what they may have cost."""

    kind: ClassVar = "unreadable_lines"
    count: int


Note = (
    BreakerOpen
    | NotSent
    | AsksNext
    | ThinkingClosed
    | Repeats
    | ThinksLong
    | LoopEnded
    | CutOff
    | BrokeOff
    | Uncounted
    | UnreadableLines
)
