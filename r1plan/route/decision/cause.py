"""Why a decision is as it is, as facts with their figures; `render.decision.words` makes the sentences. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING, Literal

from r1plan.catalog.policy import Binding
from r1plan.catalog.provider import Family

if TYPE_CHECKING:
    from r1plan.route.spending.budget import Allowance


@dataclass(frozen=True, slots=True)
class StaysHere:
    """`route` never leaves this machine."""

    route: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`route` names `provider` among those it never asks, or not among those it asks alone."""

    route: str
    provider: str


@dataclass(frozen=True, slots=True)
class OtherFamily:
    """`route` does not accept `family`, which `serves` is of."""

    route: str
    serves: str
    family: Family


@dataclass(frozen=True, slots=True)
class NoPrice:
    """No price in dollars is known for then."""


@dataclass(frozen=True, slots=True)
class ShortContext:
    """The model has `context_tokens`, None: nobody knows how many, and `wanted_tokens` are wanted."""

    context_tokens: int | None
    wanted_tokens: int


@dataclass(frozen=True, slots=True)
class LongInput:
    """The input is, or may be, too long for the context."""

    input_tokens: int
    context_tokens: int


@dataclass(frozen=True, slots=True)
class OverCost:
    """Nine in ten such requests stay under `p90_usd`, which is over the limit."""

    p90_usd: Decimal
    limit_usd: Decimal


@dataclass(frozen=True, slots=True)
class OverTime:
    """Nine in ten such requests stay under `p90_s`, which is over the limit."""

    p90_s: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class OverAllowance:
    """The p90 is `need_usd`, and what is left of a monthly budget is less."""

    allowance: Allowance
    need_usd: Decimal


LimitCause = ShortContext | OverCost | OverTime
"""A limit that it would exceed."""


@dataclass(frozen=True, slots=True)
class Held:
    """`binding` holds the request back from it, whatever names who is asked; `kept`: since an earlier turn."""

    binding: Binding
    cause: StaysHere | LeftOut | NoPrice | LimitCause
    kept: bool = False


ExclusionCause = (
    Held | StaysHere | LeftOut | OtherFamily | NoPrice | ShortContext | LongInput | OverCost | OverTime | OverAllowance
)
"""Why a candidate must not be asked."""


class FirstBecause(Enum):
    """Why the first of the ranked is first, where that takes no figure."""

    ONLY = auto()
    LEAST_COST = auto()
    BEST_KNOWN = auto()  # it costs as good as least, and most is known of it
    SOONEST = auto()
    BEST_MODEL = auto()
    BEST_MODEL_CHEAPEST = auto()  # others sell the same model for more


@dataclass(frozen=True, slots=True)
class LocalFirst:
    """It answers here, which `route` puts first."""

    route: str


CostTerm = Literal["input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "electricity_usd", "failure_usd"]
"""A part of the expected cost, by its field in `CostBreakdown`."""


@dataclass(frozen=True, slots=True)
class NotHere:
    """It costs `gap_usd` more than the first (below 0: less), and that one answers here."""

    gap_usd: Decimal


@dataclass(frozen=True, slots=True)
class Later:
    """It is done `later_s` after the first, and costs `gap_usd` more."""

    later_s: int
    gap_usd: Decimal


@dataclass(frozen=True, slots=True)
class LesserModel:
    """Its model is not as good as the first's, or the same one (`is_same`); it costs `gap_usd` more."""

    is_same: bool
    gap_usd: Decimal


@dataclass(frozen=True, slots=True)
class MoreCost:
    """It costs `gap_usd` more than the first, most of it for `mostly`; None: no part of it costs more."""

    gap_usd: Decimal
    mostly: CostTerm | None


RankCause = FirstBecause | LocalFirst | NotHere | Later | LesserModel | MoreCost
"""Why a ranked candidate stands where it does: the first against the second, the others against the first."""


@dataclass(frozen=True, slots=True)
class RouteTaken:
    """The route that decides, with what it says of itself."""

    id: str
    description: str


@dataclass(frozen=True, slots=True)
class RuleApplied:
    """A rule of the route that changed it, by its place from 1; `note` and the other `route` are as the rule says.

    `of` is the route whose rule it is, where another rule took that one; None: the route that decides.
    """

    number: int
    note: str | None
    route: str | None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class HeldHere:
    """`binding` keeps the request on this machine; `kept`: since an earlier turn of its conversation."""

    binding: Binding
    kept: bool = False


@dataclass(frozen=True, slots=True)
class ServerHere:
    """`provider` is a server at a loopback address, and so on this machine."""

    provider: str


@dataclass(frozen=True, slots=True)
class StaysForCache:
    """`id` is first because of what it has cached, which is worth `saving_usd`: else `rival` costs `gap_usd` less."""

    id: str
    chance: float
    saving_usd: Decimal
    gap_usd: Decimal
    rival: str


@dataclass(frozen=True, slots=True)
class LeavesCache:
    """`id` has something cached, worth `saving_usd`, and still costs `gap_usd` more than `first` (below 0: less)."""

    id: str
    saving_usd: Decimal
    first: str
    gap_usd: Decimal


DecisionReason = RouteTaken | RuleApplied | HeldHere | ServerHere | StaysForCache | LeavesCache
"""What decided."""


@dataclass(frozen=True, slots=True)
class MayBeLate:
    """The answer fails, or is not done in time, with `chance`."""

    chance: float


@dataclass(frozen=True, slots=True)
class ColderCache:
    """The cached prefix is found with the chance `then`, instead of `now`."""

    then: float
    now: float


@dataclass(frozen=True, slots=True)
class DoubtedPrice:
    """`caveat` says why the price of then may be wrong."""

    caveat: str


@dataclass(frozen=True, slots=True)
class CostOfNow:
    """At the price of now it costs `usd`."""

    usd: Decimal


DeferralRisk = MayBeLate | ColderCache | DoubtedPrice | CostOfNow
"""What may go wrong by waiting, and what not waiting costs."""
