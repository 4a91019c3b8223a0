"""What the questions of a conversation cost, by model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one question used and cost. USD; None is unknown, never 0. `model` is PROVIDER/MODEL.

    `cost_usd` is the best estimate where the bill is not certain, `high_usd` the most that it can be.
    """

    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    cost_usd: Decimal | None = None
    thinking_usd: Decimal | None = None
    high_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The sum of several questions. Sums leave out what is unknown; the `…_unknown` numbers count it.

    Tokens are None where no question is known to have used any.
    """

    model: str
    questions: int
    input_tokens: int | None
    output_tokens: int | None
    thinking_tokens: int | None
    cost_usd: Decimal
    thinking_usd: Decimal
    cost_unknown: int
    thinking_unknown: int


def by_model(spent: Iterable[Spent]) -> tuple[Spending, ...]:
    """One sum a model, in the order in which they were first asked."""
    groups: dict[str, list[Spent]] = {}
    for each in spent:
        groups.setdefault(each.model, []).append(each)
    return tuple(total(group, model) for model, group in groups.items())


def total(spent: Iterable[Spent], model: str = "") -> Spending:
    """The sum of all of `spent`."""
    rows = tuple(spent)
    return Spending(
        model=model,
        questions=len(rows),
        input_tokens=_known(each.input_tokens for each in rows),
        output_tokens=_known(each.output_tokens for each in rows),
        thinking_tokens=_known(each.thinking_tokens for each in rows),
        cost_usd=sum((each.cost_usd for each in rows if each.cost_usd is not None), Decimal(0)),
        thinking_usd=sum((each.thinking_usd for each in rows if each.thinking_usd is not None), Decimal(0)),
        cost_unknown=sum(each.cost_usd is None for each in rows),
        thinking_unknown=sum(each.thinking_usd is None for each in rows),
    )


def _known(numbers: Iterable[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if known else None
