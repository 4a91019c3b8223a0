"""Every cause of a decision has its sentence."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from r1plan.catalog.policy import Binding
from r1plan.render.decision.words import exclusion_text, rank_text, reason_text, risk_text
from r1plan.route.decision.cause import (
    ColderCache,
    CostOfNow,
    CostTerm,
    DecisionReason,
    DeferralRisk,
    DoubtedPrice,
    ExclusionCause,
    FirstBecause,
    Held,
    HeldHere,
    Later,
    LeavesCache,
    LeftOut,
    LesserModel,
    LocalFirst,
    LongInput,
    MayBeLate,
    MoreCost,
    NoPrice,
    NotHere,
    OtherFamily,
    OverAllowance,
    OverCost,
    OverTime,
    RankCause,
    RouteTaken,
    RuleApplied,
    ServerHere,
    ShortContext,
    StaysForCache,
    StaysHere,
)
from r1plan.route.forecast.cost import CostBreakdown
from r1plan.route.spending.budget import Allowance

D = Decimal
RULE = Binding("mine", 2)
MONTH = Allowance(scope="month", limit_usd=D(5), spent_usd=D("4.998"))

EXCLUSIONS: list[tuple[ExclusionCause, str]] = [
    (StaysHere("private"), "private never leaves this machine"),
    (LeftOut("private", "novita"), "private leaves out novita"),
    (OtherFamily("r1-only", "o3", "other"), "o3 is neither R1 nor of its family, which r1-only does not accept"),
    (OtherFamily("r1-only", "V4", "successor"), "V4 is a successor of R1, which r1-only does not accept"),
    (NoPrice(), "no price of it in dollars is known for then"),
    (ShortContext(None, 9), "an unknown number of tokens of context, under the 9 that are wanted"),
    (ShortContext(8000, 9000), "8,000 of tokens of context, under the 9,000 that are wanted"),
    (LongInput(9000, 8000), "the input of 9,000 tokens does not fit into 8,000 of context"),
    (OverCost(D("0.018"), D("0.0040")), "may cost $0.018 (p90), over the limit of $0.0040"),
    (OverTime(1234.5, 60), "may take 1,234 s (p90), over the limit of 60 s"),
    (
        OverAllowance(MONTH, D("0.018")),
        "may cost $0.018, and of the budget for this month $0.0020 of $5.00 is left ($5.00 spent)",
    ),
    (Held(RULE, StaysHere("mine")), "rule 2 of route mine keeps it on this machine"),
    (
        Held(Binding("private"), StaysHere("private"), kept=True),
        "this conversation is kept on this machine, since an earlier turn, by route private",
    ),
    (Held(RULE, LeftOut("mine", "novita")), "rule 2 of route mine leaves out novita"),
    (
        Held(RULE, OverCost(D("0.018"), D("0.0040"))),
        "may cost $0.018 (p90), over the limit of $0.0040 of rule 2 of route mine",
    ),
]
RANKS: list[tuple[RankCause, str]] = [
    (FirstBecause.ONLY, "the only one that may be asked"),
    (FirstBecause.LEAST_COST, "expected to cost least"),
    (FirstBecause.BEST_KNOWN, "as cheap as any, to 2 %, and the best known"),
    (FirstBecause.SOONEST, "expected to be done first"),
    (FirstBecause.BEST_MODEL, "the best model"),
    (FirstBecause.BEST_MODEL_CHEAPEST, "the best model, and its cheapest seller"),
    (LocalFirst("private"), "answers here, which private puts first"),
    (NotHere(D("-0.002")), "leaves the machine; $0.0020 less"),
    (Later(0, D(0)), "as soon; the same cost"),
    (Later(1200, D(1)), "1,200 s later; $1.00 more"),
    (LesserModel(is_same=True, gap_usd=D(1)), "the same model for $1.00 more"),
    (LesserModel(is_same=False, gap_usd=D(1)), "not as good a model; $1.00 more"),
    (MoreCost(D(1), None), "$1.00 more"),
    (MoreCost(D(1), "thinking_usd"), "$1.00 more, most of it for thinking"),
]
REASONS: list[tuple[DecisionReason, str]] = [
    (RouteTaken("cheapest", "What costs least."), "route cheapest: What costs least."),
    (RuleApplied(2, None, None), "rule 2"),
    (RuleApplied(2, None, "private"), "rule 2: as private"),
    (RuleApplied(2, "at night", "private"), "at night"),
    (RuleApplied(2, None, None, "mine"), "rule 2 of route mine"),
    (HeldHere(RULE), "rule 2 of route mine keeps it on this machine"),
    (HeldHere(Binding("private"), kept=True), "route private keeps it on this machine, since an earlier turn"),
    (ServerHere("127.0.0.1:8080"), "127.0.0.1:8080 is on this machine: its address is a loopback one"),
    (
        StaysForCache("a/m", 0.9, D("0.02"), D("0.005"), "b/m"),
        "stays with a/m: what it has cached (90 % likely) is worth $0.020, more than the $0.0050 by which b/m is else "
        "cheaper",
    ),
    (
        LeavesCache("a/m", D("0.02"), "b/m", D("0.005")),
        "leaves a/m: what it has cached is worth $0.020, and b/m is still expected to cost $0.0050 less",
    ),
    (
        LeavesCache("a/m", D("0.02"), "b/m", D("-0.005")),
        "leaves a/m: what it has cached is worth $0.020, and b/m is still expected to cost $0.0050 more",
    ),
]
RISKS: list[tuple[DeferralRisk, str]] = [
    (MayBeLate(0.021), "2.1 % likely to fail, or not to be done by then"),
    (ColderCache(0.3, 0.9), "the cached prefix is found with 30 % instead of 90 %, which the saving allows for"),
    (DoubtedPrice("low confidence"), "low confidence"),
    (CostOfNow(D("0.007")), "at the price of now it costs $0.0070"),
]


@pytest.mark.parametrize(("cause", "text"), EXCLUSIONS, ids=[text for _, text in EXCLUSIONS])
def test_why_one_must_not_be_asked_is_a_sentence_with_its_figures(cause: ExclusionCause, text: str) -> None:
    assert exclusion_text(cause) == text


@pytest.mark.parametrize(("cause", "text"), RANKS, ids=[text for _, text in RANKS])
def test_why_one_stands_where_it_does_is_a_sentence(cause: RankCause, text: str) -> None:
    assert rank_text(cause) == text


@pytest.mark.parametrize(("reason", "text"), REASONS, ids=[text for _, text in REASONS])
def test_what_decided_is_a_sentence(reason: DecisionReason, text: str) -> None:
    assert reason_text(reason) == text


@pytest.mark.parametrize(("risk", "text"), RISKS, ids=[text for _, text in RISKS])
def test_what_waiting_risks_is_a_sentence(risk: DeferralRisk, text: str) -> None:
    assert risk_text(risk) == text


def test_every_cause_there_is_stands_in_these_tables() -> None:
    for union, table in (
        (ExclusionCause, EXCLUSIONS),
        (RankCause, RANKS),
        (DecisionReason, REASONS),
        (DeferralRisk, RISKS),
    ):
        assert {type(cause) for cause, _ in table} == set(get_args(union))
    assert {cause for cause, _ in RANKS if isinstance(cause, FirstBecause)} == set(FirstBecause)


@pytest.mark.parametrize("term", get_args(CostTerm))
def test_every_part_of_the_cost_has_a_word_and_is_a_field_of_the_breakdown(term: CostTerm) -> None:
    assert rank_text(MoreCost(D(1), term)).startswith("$1.00 more, most of it for ")
    assert getattr(CostBreakdown(), term) == 0
