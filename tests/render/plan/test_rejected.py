"""Rejected options in groups."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.plan.plan import Rejection
from r1plan.plan.reasons import ContextTooLong, Difference, NeedsMemory, RanksBelow, Shortfall, TooSlow
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from r1plan.render.plan.rejected import rejected_groups
from r1plan.units import GIB
from tests.plan.catalogue import card, machine, plan

ANSWER = plan(machine(card(24), ram=64))


def needs(gib: int) -> NeedsMemory:
    lacks = Shortfall("cards", "", 1, gib * GIB, 22 * GIB, 0)
    return NeedsMemory(shortfalls=(lacks,), shortfall_bytes=(gib - 22) * GIB, needed_bytes=(gib + 1) * GIB)


def below(tok_s: float, *, partly: bool = False) -> RanksBelow:
    return RanksBelow("a:Q", Difference(-2.0, 0.5), tok_s=tok_s, not_on_gpu=needs(24) if partly else None)


@pytest.mark.parametrize(
    ("rejected", "told"),
    [
        pytest.param(
            [Rejection("a:Q5", needs(24)), Rejection("a:Q8", needs(1_300))],
            ["a: 2 lack memory, 25.0 to 1,301.0 GiB in all (nearest Q5: needs 24.0 GiB on the GPU, 22.0 free)."],
            id="memory",
        ),
        pytest.param(
            [Rejection("a:Q8", TooSlow(1.0, 5.0)), Rejection("a:Q5", TooSlow(4.0, 5.0))],
            ["a: 2 too slow, 1.0 to 4.0 tok/s (nearest Q5: about 4.0 tok/s, slower than 5.0)."],
            id="speed",
        ),
        pytest.param(
            [Rejection("a:Q4", below(12.0)), Rejection("a:Q3", below(20.0))],
            ["a: 2 rank lower (nearest Q4: less able, 0.5x the speed, 12 tok/s)."],
            id="rank",
        ),
        pytest.param(
            [Rejection("a:Q4", below(3.0, partly=True))],
            ["a: 1 ranks lower (Q4: less able, 0.5x the speed, 3.0 tok/s, partly in RAM)."],
            id="one alone",
        ),
        pytest.param(
            [Rejection("a:Q5", needs(24)), Rejection("b:Q4", below(12.0)), Rejection("a:Q4", TooSlow(1.0, 5.0))],
            [
                "a: 1 lacks memory (Q5: needs 24.0 GiB on the GPU, 22.0 free); "
                "1 too slow (Q4: about 1.0 tok/s, slower than 5.0).",
                "b: 1 ranks lower (Q4: less able, 0.5x the speed, 12 tok/s).",
            ],
            id="two models and two causes",
        ),
        pytest.param(
            [Rejection("x:y:Q4", below(12.0))],
            ["x:y: 1 ranks lower (Q4: less able, 0.5x the speed, 12 tok/s)."],
            id="a colon in the model's name",
        ),
    ],
)
def test_each_model_is_a_paragraph_with_counts_and_nearest_misses(rejected: list[Rejection], told: list[str]) -> None:
    assert list(rejected_groups(LlamaCppView(), replace(ANSWER, rejected=tuple(rejected)))) == told


def test_what_cannot_do_what_was_asked_is_told_with_why() -> None:
    answer = replace(ANSWER, rejected=(Rejection("a:Q4", ContextTooLong(4_096)),))
    assert "(Q4: reads at most 4,096 tokens)" in next(rejected_groups(LlamaCppView(), answer))


def test_every_rejected_option_is_counted_once() -> None:
    counted = 0
    for group in rejected_groups(LlamaCppView(), ANSWER):
        _, _, told = group.partition(": ")
        counted += sum(int(each.split()[0]) for each in told.replace("; or ", ", or ").split("; ") if each[0].isdigit())
    assert counted == len(ANSWER.rejected) > 200
