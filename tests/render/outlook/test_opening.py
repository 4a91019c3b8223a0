"""A plan's first lines where a month was asked about, and where it was not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from r1plan.plan.capacity.capacity import Limits
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.outlook.outlook import Outlook
from r1plan.render.outlook.opening import fewer_cards_text, opening_lines, price_taken, served_basis
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from tests.plan.catalogue import card, machine, plan
from tests.render.outlook.month import outlook
from tests.render.outlook.test_explained import EVEN
from tests.render.outlook.test_frontier import RENTED, WAYS
from tests.render.outlook.test_words import SEVERAL

ANSWER = plan(machine(card(24)))
EVENS = replace(outlook(), break_even=EVEN)


ON_H200S = plan(replace(machine(card(24)), gpus=(replace(card(24), name=RENTED.cards[0]),)))
BUSY = replace(outlook(cost=SEVERAL, machines_needed=33, concurrency=1), ways=WAYS)


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
    assert others[-1] == (
        "That is if nine in ten wait at most 10 minutes for the first token (--slo-ttft), at office hours. "
        "From 46 requests a day on, 14 % of what it serves, it is cheaper than DeepSeek's deepseek-flash."
    )


def test_prices_alone_say_what_a_million_tokens_cost() -> None:
    said = first_lines(replace(EVENS, demand=replace(EVENS.demand, requests_per_day=None)))[-1]
    assert said.startswith("Electricity: $0.60 a million tokens of output without a pause. From 46 requests a day on, ")


@pytest.mark.parametrize(
    ("limits", "limit", "said"),
    [
        (Limits(tok_s=100.0), "tok_s", "Nothing here gives 100 tok/s (--slo-tok-s): even alone an answer comes at about 30. Run "),  # noqa: E501
        (Limits(ttft_s=0.1), "ttft", "Nothing here gives the first token within 0.1 seconds (--slo-ttft), even alone. Run "),  # noqa: E501
    ],
    ids=["speed", "first token"],
)  # fmt: skip
def test_what_nothing_meets_is_the_first_that_is_said(limits: Limits, limit: str, said: str) -> None:
    month = outlook(50.0, limits, requests_per_day=0.0, concurrency=0, machines_needed=None, limit=limit)
    assert first_lines(month)[0].startswith(said)


def test_several_machines_that_answer_one_at_a_time_are_told_of_slots() -> None:
    said = served_basis(ANSWER, BUSY)
    assert said.endswith(", one answer at a time: --slots N works on several.")
    pinned = replace(ANSWER, pins=replace(ANSWER.pins, slots=1))
    assert "--slots" not in served_basis(pinned, BUSY)
    assert "--slots" not in served_basis(ANSWER, outlook(concurrency=1))


def test_fewer_of_the_same_cards_under_vllm_are_said_before_the_command() -> None:
    choice = BUSY.choice
    assert choice is not None
    on_cards = replace(BUSY, options=(replace(choice, cards=ON_H200S.machine.gpus),))
    said = "With vLLM (--engine vllm) 16 x H200 SXM do that: DeepSeek-R1-0528:FP8, $26,563 a month of rent."
    assert [line.text for line in opening_lines(LlamaCppView(), ON_H200S, on_cards, 200)][1] == said
    assert fewer_cards_text(ANSWER, BUSY) == ""
    assert fewer_cards_text(ON_H200S, replace(on_cards, ways=None)) == ""


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (OwnTerms(kind="electricity", usd_per_kwh=Decimal("0.1765"), source="households, 2026-04: EIA"), "$0.1765 a kWh (households, 2026-04)"),  # noqa: E501
        (OwnTerms(kind="electricity", usd_per_kwh=Decimal("0.3"), source="--power-price"), ""),
        (OwnTerms(kind="bought", usd_per_kwh=Decimal("0.3"), source="--purchase over --years; households: EIA"), "$0.30 a kWh (households)"),  # noqa: E501
        (OwnTerms(kind="rented", usd_per_gpu_hour=Decimal("4.55"), source="median of A, B, on demand"), "$4.55 an hour a card (median of A, B, on demand)"),  # noqa: E501
        (OwnTerms(kind="rented", usd_per_gpu_hour=Decimal(3), source="--gpu-hour"), ""),
        (OwnTerms(kind="electricity", source="no price of power is known"), ""),
    ],
    ids=["household", "said", "bought", "rented", "said rent", "none"],
)  # fmt: skip
def test_a_price_that_nobody_said_is_shown_with_its_source(terms: OwnTerms, said: str) -> None:
    assert price_taken(terms) == said
