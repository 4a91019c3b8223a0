"""The sentences and the table of a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.reasons import Difference, NeedsMemory, RanksBelow, Shortfall, TooSlow
from r1plan.render.plan.llamacpp import LlamaCppView, where
from r1plan.render.plan.terminal import rejected_line
from tests.plan.catalogue import card, machine, plan

SHORT = Shortfall(kind="host", device="host", cards=0, needed_bytes=2, room_bytes=1, context_bytes=0)
MISSING = Rejection("a", NeedsMemory(shortfalls=(SHORT,), shortfall_bytes=1, needed_bytes=2))
SLOW = Rejection("b", TooSlow(tok_s=1.0, least_tok_s=5.0))
BEHIND = Rejection("c", RanksBelow(choice_id="d", difference=Difference(quality_points=-1, speed_ratio=1)))


@pytest.mark.parametrize(
    ("rejected", "says"),
    [
        ((MISSING, SLOW, BEHIND), "3 other options rejected: 1 needs more memory, 1 would be too slow, 1 fits and"),
        ((MISSING,) * 2 + (BEHIND,) * 2, "4 other options rejected: 2 need more memory, 2 fit and rank lower."),
    ],
    ids=["one of each", "two of each"],
)
def test_what_was_rejected_is_counted_in_words_that_agree(rejected: tuple[Rejection, ...], says: str) -> None:
    answer: Plan[Option] = replace(plan(machine(card(24))), rejected=rejected)
    assert rejected_line(LlamaCppView(), answer).startswith(says)


@pytest.mark.parametrize(
    ("cards", "says"),
    [("rtx-4090:2", "2 GPUs, 10 of 80 layers in RAM"), ("rtx-4090", "GPU, 10 of 80 layers in RAM")],
    ids=["two cards", "one card"],
)
def test_layers_in_ram_are_said_beside_the_number_of_cards(cards: str, says: str) -> None:
    quant = "Q4_K_M" if cards.endswith(":2") else "IQ1_S"
    pins = Pins(model="R1-Distill-Llama-70B", quant=quant, gpu_layers=71)
    option = plan(machine_from_options(gpu=[cards], ram=64), pins=pins).choice
    assert option is not None
    assert option.fits
    assert where(option) == says
