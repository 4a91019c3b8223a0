"""A plan's first lines where a month was asked about, and where it was not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.plan.outlook.outlook import Outlook
from r1plan.render.outlook.opening import opening_lines
from r1plan.render.plan.llamacpp import LlamaCppView
from tests.plan.catalogue import card, machine, plan
from tests.render.outlook.month import outlook
from tests.render.outlook.test_explained import EVEN

ANSWER = plan(machine(card(24)))
EVENS = replace(outlook(), break_even=EVEN)


def first_lines(month: Outlook | None, columns: int = 200) -> list[str]:
    return [line.text for line in opening_lines(LlamaCppView(), ANSWER, month, columns)]


@pytest.mark.parametrize(
    "month", [None, replace(outlook(None), break_even=EVEN, is_asked=False)], ids=["none", "not asked"]
)
def test_a_plan_that_is_asked_nothing_of_a_month_says_nothing_of_it(month: Outlook | None) -> None:
    assert first_lines(month) == [line.text for line in LlamaCppView().opening(ANSWER, 200)]


def test_the_headline_is_one_sentence_and_the_break_even_stands_below_the_command() -> None:
    headline, command, *others = first_lines(EVENS)
    assert headline.count(". ") == 0
    assert "; it serves about 310 requests a day and does your 100 for $12.40 a month of electricity; " in headline
    assert command.startswith("  ")
    assert (
        others[-1] == "From 46 requests a day on, 14 % of what it serves, it is cheaper than DeepSeek's deepseek-flash."
    )


def test_prices_alone_say_what_a_million_tokens_cost() -> None:
    said = first_lines(replace(EVENS, demand=replace(EVENS.demand, requests_per_day=None)))[-1]
    assert said.startswith("Electricity without a pause: $0.60 a million tokens of output. From 46 requests a day on, ")
