"""The sentences and the table of a plan."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.reasons import Difference, NeedsMemory, RanksBelow, Shortfall, TooSlow
from r1plan.plan.speed import Range
from r1plan.plan.workload import Workload
from r1plan.render.plan.engines.llamacpp import LlamaCppView, where
from r1plan.render.plan.summary import larger_line, rejected_line
from r1plan.render.plan.terminal import plan_lines
from r1plan.render.text.screen import Screen
from tests.plan.catalogue import card, machine, plan

SHORT = Shortfall(kind="host", device="host", cards=0, needed_bytes=2, room_bytes=1, context_bytes=0)
MISSING = Rejection("a", NeedsMemory(shortfalls=(SHORT,), shortfall_bytes=1, needed_bytes=2))
SLOW = Rejection("b", TooSlow(tok_s=1.0, least_tok_s=5.0))
BEHIND = Rejection("c", RanksBelow(choice_id="d", difference=Difference(quality_points=-1, speed_ratio=1)))


@pytest.mark.parametrize(
    ("rejected", "says"),
    [
        ((MISSING, SLOW, BEHIND), "3 rejected: 1 lacks memory, 1 too slow, 1 ranks lower (--explain)."),
        ((MISSING,) * 2 + (BEHIND,) * 2, "4 rejected: 2 lack memory, 2 rank lower (--explain)."),
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
    lines = list(plan_lines(LlamaCppView(), plan(on), (), Screen(columns=width)))
    assert "R1-Distill-Qwen-32B" in lines[0]
    assert max(map(len, lines)) <= width


def test_the_heads_and_the_choice_are_bold_where_the_terminal_shows_that() -> None:
    answer = plan(machine_from_options(gpu=["rtx-4090"], ram=64))
    plain, styled = (
        list(plan_lines(LlamaCppView(), answer, (), Screen(columns=200, styled=each))) for each in (False, True)
    )
    assert [line.removeprefix("\x1b[1m").removesuffix("\x1b[0m") for line in styled] == plain
    begin = plain.index("") + 1
    assert [number for number, line in enumerate(styled) if line != plain[number]] == [begin, begin + 2]


def test_a_models_name_is_shown_as_it_is() -> None:
    answer = plan(machine_from_options(gpu=["rtx-4090"], ram=64))
    assert answer.choice is not None
    named = replace(answer.choice, model=replace(answer.choice.model, id="[red]R1 :fire:\x1b[2J"))
    lines = plan_lines(LlamaCppView(), replace(answer, choice=named), (), Screen(columns=200))
    assert any(line.startswith("[red]R1 :fire::Q4_K_M   ") for line in lines)


def test_a_better_model_that_fits_is_told_with_how_long_an_answer_takes() -> None:
    answer = plan(machine(card(24), ram=64))
    larger = answer.larger
    assert larger is not None
    line = larger_line(answer)
    assert line.startswith(f"{larger.id} is better, but ")
    assert re.search(r" [\d.]+ (seconds|minutes|hours) an answer \(--patience \d+\)\.$", line)
    assert larger_line(replace(answer, larger=None)) == ""


def test_what_takes_too_much_energy_alone_is_told_without_a_patience() -> None:
    answer = plan(machine(card(24), ram=64), Workload(objective="cost"))
    larger = answer.larger
    assert larger is not None
    fast = larger.speed.decode[0]._replace(tok_s=Range(900.0, 1_000.0, 1_100.0))
    line = larger_line(replace(answer, larger=replace(larger, speed=larger.speed._replace(decode=(fast,)))))
    assert re.search(r" [\d.]+ seconds an answer, and more energy than it may take\.$", line)


@pytest.mark.parametrize("most", [1, 10, 14, 16, 18, 20, 22, 30])
def test_bars_options_and_remarks_give_way_to_a_short_screen(most: int) -> None:
    answer = plan(machine_from_options(gpu=["rtx-4090"], ram=64))
    full = list(plan_lines(LlamaCppView(), answer, (), Screen(columns=80)))
    lines = list(plan_lines(LlamaCppView(), answer, (), Screen(columns=80), most))
    shown = sum(line.startswith(option.id) for option in answer.options for line in lines)
    assert lines[:2] == full[:2]
    least = len(list(plan_lines(LlamaCppView(), answer, (), Screen(columns=80), 1)))
    assert len(lines) <= max(most, least) < len(full) + most
    assert shown >= 3
    if shown < len(answer.options):
        assert f"{len(answer.options) - shown} more; " in " ".join(lines)
        assert not any("█" in line for line in lines)
    if most >= len(full):
        assert lines == full


@pytest.mark.parametrize("width", [20, 40, 50, 60, 70])
def test_a_narrow_terminal_has_a_line_for_each_option_too(width: int) -> None:
    answer = plan(machine_from_options(gpu=["rtx-4090"], ram=64))
    lines = list(plan_lines(LlamaCppView(), answer, (), Screen(columns=width)))
    rule = next(number for number, line in enumerate(lines) if set(line) == {"─"})
    rows = lines[rule + 1 : lines.index("", rule)]
    assert len(rows) == len(answer.options)
    # The speed alone stays, beside what is left of the name.
    assert max(map(len, lines[rule - 1 :])) <= max(width, 23)
