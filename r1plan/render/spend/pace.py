"""The sentences of a period that runs, what it may come to, and of a budget."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.money import money
from r1plan.render.text.units import count, percent, plain
from r1plan.report.pace.budget import BudgetUse
from r1plan.report.pace.forecast import LEAST_DAYS, LEVEL, SpendPace
from r1plan.report.spend import SpendReport


def pace_notes(report: SpendReport) -> Iterator[str]:
    """What the period may come to, and how much of its budget is used; nothing of what nobody asked or knows."""
    if report.pace is not None:
        yield pace_text(report.pace, report.currency)
    if report.budget is not None:
        yield budget_text(report.budget, report.currency)


def pace_text(pace: SpendPace, currency: str) -> str:
    """How the period goes on, with how sure that is and what it is reckoned from."""
    spent = f"pace: {money(pace.spent_usd, currency)} so far, {plain(pace.days_left, 2)} days to go"
    if pace.expected_usd is None or pace.low_usd is None or pace.high_usd is None or pace.per_day_usd is None:
        return f"{spent}; a forecast needs {LEAST_DAYS} whole days of requests, and there {_are(pace.days)} so far."
    how = "by the hours of the week" if pace.basis == "hours_of_week" else "every day alike"
    between = f"between {money(pace.low_usd, currency)} and {money(pace.high_usd, currency)}"
    return (
        f"{spent}: it comes to about {money(pace.expected_usd, currency)}, and {LEVEL * 10:.0f} times of "
        f"10 {between} ({count(pace.days, 'day')}, {how})."
    )


def _are(days: int) -> str:
    return f"is {days}" if days == 1 else f"are {days}"


def budget_text(budget: BudgetUse, currency: str) -> str:
    """How much of the budget is used, and when it was or would be used up."""
    least = "" if budget.at_least_usd == budget.at_most_usd else "at least "
    of = f"{least}{money(budget.at_least_usd, currency)} of {money(budget.budget_usd, currency)}"
    used = percent(budget.at_least_usd, budget.budget_usd) if budget.budget_usd else "all"
    if budget.is_over:
        since = f" since {budget.exceeded_on:%Y-%m-%d}" if budget.exceeded_on is not None else ""
        return f"budget: over{since}: {of} used ({used}).{_uncertain(budget, currency)}"
    text = f"budget: {of} used ({used})"
    if budget.chance is not None:
        on = f", on {budget.expected_on:%Y-%m-%d} at this pace" if budget.expected_on is not None else ""
        text += f"; {_chance(budget.chance)} to be exceeded{on}"
    return f"{text}.{_uncertain(budget, currency)}"


def _chance(chance: float) -> str:
    """A probability that is only known in steps."""
    return f"{min(max(round(chance * 20) * 5, 1), 99)} % likely"


def _uncertain(budget: BudgetUse, currency: str) -> str:
    if budget.at_most_usd is None:
        return "" if budget.is_over else " What is uncertain or unpriced may exceed it."
    if budget.at_least_usd == budget.at_most_usd:
        return ""
    exceeds = ", which exceeds it" if budget.may_be_over and not budget.is_over else ""
    return f" With all that is uncertain it is at most {money(budget.at_most_usd, currency)}{exceeds}."
