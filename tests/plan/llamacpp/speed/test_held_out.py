"""What an H200 made of files that no constant was fitted on."""

from __future__ import annotations

from functools import cache
from statistics import median

import pytest

from r1plan.plan.llamacpp.speed.fit.rows import MEASURED, SpeedRow, llama_bench_rows
from r1plan.plan.llamacpp.speed.rates import MachineRates
from r1plan.plan.llamacpp.speed.work import TokenWork
from tests.plan.catalogue import machine


@cache
def held_out() -> tuple[SpeedRow, ...]:
    """The rows with an f16 cache."""
    rows = llama_bench_rows(MEASURED / "h200_held_out.jsonl", "h200-sxm-141gb")
    return tuple(row for row in rows if row.work.kv_type == "f16")


def off(row: SpeedRow) -> float:
    """The planned speed over the measured one, less 1."""
    rates = MachineRates(machine(row.card))
    work = TokenWork(row.kind, (row.work,), None, 0.0, row.prompt)
    addends = rates.prompt(work) if row.is_prompt else rates.token(work)
    assert addends is not None
    return row.seconds / sum(each.seconds + each.seconds_a_depth * row.depth for each in addends) - 1


def test_tokens_of_files_that_the_fit_never_saw_are_within_a_tenth() -> None:
    errors = sorted(abs(off(row)) for row in held_out() if not row.is_prompt)
    assert median(errors) < 0.04
    assert errors[int(0.9 * len(errors))] < 0.10


def test_prompts_of_files_that_the_fit_never_saw_are_within_a_fifth() -> None:
    errors = sorted(abs(off(row)) for row in held_out() if row.is_prompt)
    assert median(errors) < 0.10
    assert errors[int(0.9 * len(errors))] < 0.20


@pytest.mark.parametrize("quant", sorted({row.quant for row in held_out()}))
def test_no_type_of_weights_is_off_by_a_tenth_on_average(quant: str) -> None:
    errors = [off(row) for row in held_out() if row.quant == quant and not row.is_prompt]
    assert abs(sum(errors) / len(errors)) < 0.10
