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
from r1plan.render.plan.terminal import plan_lines, rejected_line
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


@pytest.mark.parametrize("width", [75, 80, 115, 116, 120, 200])
def test_no_line_of_a_plan_is_wider_than_the_terminal(width: int) -> None:
    on = machine_from_options(gpu=["rtx-4090"], ram=64)
    lines = list(plan_lines(LlamaCppView(), plan(on), (), width, styled=False))
    assert "R1-Distill-Qwen-32B" in lines[0]
    assert max(map(len, lines)) <= width


def test_the_heads_and_the_choice_are_bold_where_the_terminal_shows_that() -> None:
    answer = plan(machine_from_options(gpu=["rtx-4090"], ram=64))
    plain, styled = (list(plan_lines(LlamaCppView(), answer, (), 200, styled=each)) for each in (False, True))
    assert [line.removeprefix("\x1b[1m").removesuffix("\x1b[0m") for line in styled] == plain
    begin = plain.index("") + 1
    assert [number for number, line in enumerate(styled) if line != plain[number]] == [begin, begin + 2]


def test_a_models_name_is_shown_as_it_is() -> None:
    answer = plan(machine_from_options(gpu=["rtx-4090"], ram=64))
    assert answer.choice is not None
    named = replace(answer.choice, model=replace(answer.choice.model, id="[red]R1 :fire:\x1b[2J"))
    lines = plan_lines(LlamaCppView(), replace(answer, choice=named), (), 200, styled=False)
    assert any(line.startswith("[red]R1 :fire: Q4_K_M   ") for line in lines)
