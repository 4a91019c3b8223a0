"""Whether a model has come to think longer, or shorter, for the same answer.

The days of the first third of the period that had requests are held against those of the last one. Days and not
requests are compared, by their ranks: one huge request moves one day by one place. It is called a change where chance
does that less than one time in a hundred (Mann and Whitney, "On a Test of Whether one of Two Random Variables is
Stochastically Larger than the Other", Annals of Mathematical Statistics 18 (1947), normal approximation, ties at their
middle) and where it is a quarter or more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar

from r1plan.report.database import rows
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql, is_much

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SURE = 2.576  # standard deviations that chance alone exceeds one time in a hundred
_LEAST_CHANGE = 1.25
_LEAST_DAYS = 5  # in each third: of four against four no order is rare enough
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingDay:
    """What a model thought and answered on one day, counted since 1970."""

    day: int
    requests: int
    thinking_tokens: int
    answer_tokens: int
    thinking_usd: Decimal

    @property
    def ratio(self) -> float:
        """Tokens of thinking for each of the answer; one is taken where the answer has none."""
        return self.thinking_tokens / max(self.answer_tokens, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingDrift(SpendFinding):
    """`model` at `provider` thinks another length than before: tokens for each token of the answer.

    `ratio_before` is of a day in the middle of the first third of the period, `ratio_after` of the last. `low_usd` is
    what the last third's thinking cost more than at the ratio before: 0 where it became shorter.
    `thinking_before` is how many tokens a request of the first third thought.
    """

    kind: ClassVar[FindingKind] = "thinking_drift"
    provider: str
    model: str
    ratio_before: float
    ratio_after: float
    thinking_before: int


def find_thinking_drift(database: DuckDBPyConnection, cost_usd: Decimal | None) -> tuple[ThinkingDrift, ...]:
    """One a model that thinks another length than at first."""
    found = []
    days = rows(database, finding_sql("thinking_drift"))
    for (provider, model), each in groupby(days, key=lambda row: (row["provider"], row["model"])):
        drift = drift_of(provider, model, [_day(row) for row in each], cost_usd)
        if drift is not None:
            found.append(drift)
    return tuple(found)


def drift_of(
    provider: str, model: str, days: Sequence[ThinkingDay], cost_usd: Decimal | None = None
) -> ThinkingDrift | None:
    """The change over `days`, which are in order; None where there is none that chance does not explain."""
    if not any(each.thinking_tokens for each in days):
        return None
    first, last = days[0].day, days[-1].day
    third = (last - first + 1) / 3
    before = [each for each in days if each.day < first + third]
    after = [each for each in days if each.day > last - third]
    if min(len(before), len(after)) < _LEAST_DAYS:
        return None
    old, new = (median(each.ratio for each in part) for part in (before, after))
    if not old or not new or max(old / new, new / old) < _LEAST_CHANGE:
        return None
    if abs(rank_score([each.ratio for each in before], [each.ratio for each in after])) < _SURE:
        return None
    spent = sum((each.thinking_usd for each in after), _ZERO)
    more = spent - spent * Decimal(old) / Decimal(new) if new > old else _ZERO
    more = more.quantize(Decimal("1e-15"))
    return ThinkingDrift(
        basis="estimated",
        requests=sum(each.requests for each in after),
        low_usd=more,
        high_usd=more,
        worth_telling=is_much(more, cost_usd) or not more,
        provider=provider,
        model=model,
        ratio_before=old,
        ratio_after=new,
        thinking_before=sum(each.thinking_tokens for each in before) // max(sum(each.requests for each in before), 1),
    )


def rank_score(before: Sequence[float], after: Sequence[float]) -> float:
    """How many standard deviations of chance `after` stands above `before` in the order of both together."""
    ordered = sorted([*before, *after])
    place: dict[float, float] = {}
    ties = 0
    for value, same in groupby(ordered):
        number = len(list(same))
        first = ordered.index(value)
        place[value] = first + (number + 1) / 2
        ties += number**3 - number
    first_size, second_size = len(before), len(after)
    size = first_size + second_size
    above = sum(place[each] for each in after) - second_size * (second_size + 1) / 2
    spread = first_size * second_size / 12 * (size + 1 - ties / (size * (size - 1)))
    return (above - first_size * second_size / 2) / sqrt(spread) if spread > 0 else 0.0


def _day(row: Mapping[str, Any]) -> ThinkingDay:
    return ThinkingDay(
        day=row["day"],
        requests=int(row["requests"]),
        thinking_tokens=int(row["thinking_tokens"]),
        answer_tokens=int(row["answer_tokens"]),
        thinking_usd=row["thinking_usd"],
    )
