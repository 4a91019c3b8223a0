"""The JSON document of a plan for what does not run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from r1plan.render.plan.document import plan_document
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from r1plan.render.plan.terminal import plan_lines
from r1plan.render.text.screen import Screen
from r1plan.units import GIB
from tests.plan.catalogue import card, machine, plan

ON = machine(card(16))
FITS = Pins(model="R1-Distill-Qwen-14B", quant="Q4_K_M", context=8_192)
LACKS = Pins(model="R1-Distill-Llama-70B", quant="Q8_0", context=131_072)


@pytest.mark.parametrize(("pins", "known"), [(FITS, True), (LACKS, False)], ids=["fits", "lacks memory"])
def test_only_what_runs_has_a_speed(pins: Pins, known: bool) -> None:
    choice = plan_document(LlamaCppView(), plan(ON, Workload(power_usd_per_kwh=0.3), pins), ())["choice"]
    assert choice["fits"] is known
    assert set(choice["speed"]) == {"prefill_tok_s", "prefill_at", "decode_tok_s", "bottleneck", "basis", "source"}
    for each in choice["speed"]["prefill_at"]:
        assert set(each) == {"depth", "low", "mid", "high"}
    assert bool(choice["speed"]["prefill_at"]) is known
    for speed in (choice["speed"]["prefill_tok_s"], *choice["speed"]["decode_tok_s"]):
        assert [speed[name] is not None for name in ("low", "mid", "high")] == [known] * 3
    assert (choice["speed"]["bottleneck"] is not None) is known
    assert set(choice["cost"].values()) == {None}  # a month was not asked about


def test_no_speed_is_shown_of_what_does_not_fit() -> None:
    lines = list(plan_lines(LlamaCppView(), plan(ON, pins=LACKS), (), Screen(columns=120)))
    assert not any("tok/s" in line for line in lines)


@pytest.mark.parametrize(("least", "says"), [(5.0, "Run R1"), (500.0, "is too slow on 1 x card")])
def test_what_is_slower_than_asked_is_no_advice(least: float, says: str) -> None:
    answer = plan(ON, Workload(min_tok_s=least), FITS)
    lines = list(plan_lines(LlamaCppView(), answer, (), Screen(columns=120)))
    assert says in lines[0]
    assert not any("other option" in line for line in lines)
    failure = LlamaCppView().failure(answer)
    assert (failure is not None) is (least == 500.0)
    assert failure is None or "slower than 500.0" in failure.message


@pytest.mark.parametrize(
    ("pins", "says"),
    [
        (Pins(model="R1-Distill-Qwen-14B", quant="Q6_K", gpu_layers=49), "plans without a desktop, where it fits"),
        (Pins(model="R1-Distill-Qwen-14B", quant="Q6_K", gpu_layers=30), None),
    ],
)
def test_a_hint_says_what_fits_without_a_desktop(pins: Pins, says: str | None) -> None:
    gpu = replace(card(13), free_bytes=11 * GIB, desktop_bytes=2 * GIB)
    failure = LlamaCppView().failure(plan(machine(gpu), pins=pins))
    assert (failure is None) is (says is None)
    assert failure is None or (says or "") in (failure.hint or "")


def test_where_nothing_fits_the_hint_names_what_would_without_a_desktop() -> None:
    gpu = replace(card(3), free_bytes=GIB // 2, desktop_bytes=5 * GIB // 2)
    failure = LlamaCppView().failure(plan(machine(gpu, ram=1)))
    assert failure is not None
    assert (failure.hint or "").startswith("--vram-used 0 plans without a desktop, where R1-Distill-Qwen-1.5B:")
