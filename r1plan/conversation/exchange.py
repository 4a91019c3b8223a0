"""What a conversation keeps of a result: the exchange, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from r1plan.conversation.session import Exchange
    from r1plan.conversation.spending import Spent
    from r1plan.route.execution.result import ChatResult


def spent_by(result: ChatResult) -> Spent:
    """What a question used and cost with all its attempts, under the name of the last one that was asked.

    An attempt of which nothing is known is left out of the sums, unless nothing is known of any.
    """
    from r1plan.conversation.spending import Spent
    from r1plan.route.spending.budget import counted_usd

    last = result.entry
    rows = [each.entry for each in result.attempts if each.entry] or [last]
    costs = [each.cost_usd for each in rows if each.cost_usd is not None and (each.cost_usd or each is last)]
    counted = [usd for each in rows if (usd := counted_usd(each)) is not None]
    return Spent(
        model=f"{last.provider}/{last.model_requested}",
        input_tokens=_sum(each.input_tokens for each in rows),
        output_tokens=_sum(each.output_tokens for each in rows),
        thinking_tokens=_sum(each.thinking_tokens for each in rows),
        cost_usd=sum(costs[1:], costs[0]) if costs else None,
        thinking_usd=None if result.cost is None else result.cost.thinking_usd,
        high_usd=result.billed.high_usd,
        counted_usd=sum(counted[1:], counted[0]) if counted else None,
    )


def exchange_of(question: str, result: ChatResult) -> Exchange | None:
    """What is kept of an answer; None when nothing came that can be gone on from."""
    if not result.answer:
        return None
    from r1plan.conversation.session import Exchange

    return Exchange(
        question=question,
        answer=result.answer,
        thinking=result.thinking,
        model=f"{result.entry.provider}/{result.entry.model_requested}",
        finish=result.finish,
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if known else None
