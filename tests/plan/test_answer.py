"""How long an answer takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.plan.answer import answer_time
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins
from r1plan.plan.speed import DecodeSpeed, Range
from r1plan.plan.workload import Workload
from tests.plan.catalogue import card, machine, plan


def option_of(prefill: Range | None = Range(500.0, 1_000.0, 2_000.0), *, thinking_over_r1: float = 1.0) -> Option:
    choice = plan(machine(card(24), ram=64)).choice
    assert choice is not None
    decode = (DecodeSpeed(3_700, Range(25.0, 50.0, 100.0)), DecodeSpeed(0, Range(1.0, 1.0, 1.0)))
    return replace(
        choice,
        speed=choice.speed._replace(prefill_tok_s=prefill, decode=decode),
        quality=replace(choice.quality, thinking_over_r1=thinking_over_r1),
    )


@pytest.mark.parametrize(
    ("option", "workload", "p50_s", "p90_s", "output"),
    [
        pytest.param(option_of(), Workload(), 1 + 108, 2 + 216, 5_400, id="as usual"),
        pytest.param(option_of(), Workload(cache_hit_share=0.5), 0.5 + 108, 1 + 216, 5_400, id="half a prompt cached"),
        pytest.param(option_of(), Workload(cache_hit_share=1.0), 108, 216, 5_400, id="all of it cached"),
        pytest.param(option_of(None), Workload(), 108, 216, 5_400, id="prompts of unknown speed"),
        pytest.param(option_of(), Workload(thinking_tokens=0, answer_tokens=1), 1.02, 2.04, 1, id="no thinking"),
        pytest.param(
            option_of(thinking_over_r1=2.0),
            Workload(),
            1 + 202,
            2 + 404,
            10_100,
            id="thinks twice as long",
        ),
    ],
)
def test_a_prompt_is_read_and_then_thinking_and_answer_are_generated(
    option: Option, workload: Workload, p50_s: float, p90_s: float, output: int
) -> None:
    time = answer_time(option, workload)
    assert time is not None
    assert time.p50_s == pytest.approx(p50_s)
    assert time.p90_s == pytest.approx(p90_s)
    assert time.output_tokens == output


def test_what_does_not_fit_takes_no_time_that_could_be_said() -> None:
    too_large = plan(machine(card(8), ram=8), pins=Pins(model="DeepSeek-R1", quant="Q4_K_M")).choice
    assert too_large is not None
    assert not too_large.fits
    assert answer_time(too_large, Workload()) is None
