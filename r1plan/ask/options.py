"""What the options of `r1plan chat` say of every question of one call of the program."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.errors import UsageError
from r1plan.money import typed_usd

if TYPE_CHECKING:
    from r1plan.catalog.budgets import Budgets
    from r1plan.ledger.usage_log import UsageLog
    from r1plan.route.execution.record import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """What holds for every question.

    `max_cost` is USD for one question with all its attempts; `conversation` the id that the rows of its turns share;
    `by` when an answer should be there, for a question that may wait. `as_json`: the person sees the result alone.
    `sends_nothing`: only what would be done is wanted.
    """

    labels: Labels
    log: UsageLog
    context_tokens: int
    budgets: Budgets | None = None
    max_cost: Decimal | None = None
    max_tokens: int | None = None
    max_thinking: int | None = None
    temperature: float | None = None
    seed: int | None = None
    power_usd_per_kwh: Decimal | None = None
    conversation: str | None = None
    by: datetime | None = None
    log_text: bool = False
    as_json: bool = False
    sends_nothing: bool = False


def labels(project: str | None, tags: list[str]) -> Labels:
    """What the log rows are filed under. Raises UsageError."""
    from r1plan.route.execution.record import Labels

    pairs = [tag.partition("=") for tag in tags]
    for name, equals, _value in pairs:
        if not (name and equals):
            raise UsageError(f"--tag '{name}' is not K=V.", "example: --tag team=search")
    return Labels(project=project, tags={name: value for name, _, value in pairs})


def usd_per_kwh(text: str | None) -> Decimal | None:
    """The price of electricity that `text` says. Raises UsageError."""
    if text is None:
        return None
    price = typed_usd(text)
    if price is None or price >= 1000:
        raise UsageError(f"'{text}' is not a price of electricity.", "give USD for a kWh, such as --power-price 0.30")
    return price


def max_cost_usd(text: str | None) -> Decimal | None:
    """The dollars that `--max-cost` says. Raises UsageError."""
    if text is None:
        return None
    amount = typed_usd(text)
    if not amount:
        raise UsageError(f"'{text}' is not an amount.", "give USD, such as --max-cost 0.05")
    return amount
