"""Around the longest context that fits: every answer is an option that fits, or a rejection with its figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.placement import Layout
from r1plan.plan.pins import KvType, Pins
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import NeedsMemory, Shortfall, TooSlow
from r1plan.plan.workload import Workload
from tests.plan.catalogue import card, machine, model, plan, reason

STEP = 256
ANY_SPEED = Workload(min_tok_s=0.001)

ONE_CARD = machine(card(16))
TWO_CARDS = machine(card(16), card(12, index=1))
ONE_MEMORY = machine(card(24, unified=True), ram=24)
BIG_RAM = machine(card(24), ram=512)

# The machine, what is asked of it, and a layout that is met on the way to the longest context.
LAYOUTS: dict[str, tuple[Machine, Pins, Layout]] = {
    "whole": (ONE_CARD, Pins(model="R1-Distill-Qwen-14B"), "gpu"),
    "whole-pinned": (ONE_CARD, Pins(model="R1-Distill-Qwen-14B", gpu_layers=49), "gpu"),
    "layers-in-ram": (machine(card(12), ram=32), Pins(model="R1-Distill-Qwen-32B"), "partial"),
    "layers-in-ram-pinned": (ONE_CARD, Pins(model="R1-Distill-Qwen-32B", gpu_layers=40), "partial"),
    "output-head-alone": (ONE_CARD, Pins(model="R1-Distill-Qwen-32B", gpu_layers=1), "partial"),
    "two-cards": (TWO_CARDS, Pins(model="R1-Distill-Qwen-32B"), "gpu-split"),
    "two-cards-pinned": (TWO_CARDS, Pins(model="R1-Distill-Qwen-32B", gpu_layers=65), "gpu-split"),
    "two-equal-cards": (machine(card(12), card(12, index=1)), Pins(model="R1-Distill-Qwen-32B"), "gpu-split"),
    "experts-in-ram": (BIG_RAM, Pins(model="DeepSeek-R1"), "experts-in-ram"),
    "experts-pinned": (BIG_RAM, Pins(model="DeepSeek-R1", experts_on_cpu=True), "experts-in-ram"),
    "experts-and-layers-pinned": (BIG_RAM, Pins(model="DeepSeek-R1", gpu_layers=20), "partial"),
    "unified": (ONE_MEMORY, Pins(model="R1-Distill-Qwen-14B"), "unified"),
    "unified-pinned": (ONE_MEMORY, Pins(model="R1-Distill-Qwen-14B", gpu_layers=20), "unified"),
    "unified-output-head-alone": (ONE_MEMORY, Pins(model="R1-Distill-Qwen-14B", gpu_layers=1), "unified"),
    "unified-on-cpu": (ONE_MEMORY, Pins(model="R1-Distill-Qwen-14B", gpu_layers=0), "cpu"),
    "cpu": (machine(ram=16), Pins(model="R1-Distill-Qwen-14B"), "cpu"),
    "cpu-beside-a-card": (machine(card(8), ram=16), Pins(model="R1-Distill-Qwen-14B", gpu_layers=0), "cpu"),
    "no-experts-on-disk": (
        machine(card(24), ram=160),
        Pins(model="DeepSeek-R1", quant="UD-IQ1_S", mapped=False),
        "experts-in-ram",
    ),
    "experts-on-disk": (machine(card(24), ram=96), Pins(model="DeepSeek-R1", quant="UD-IQ1_S"), "experts-in-ram"),
    "experts-on-disk-cpu": (machine(ram=32), Pins(model="DeepSeek-R1", quant="UD-IQ1_S"), "cpu"),
    "experts-on-disk-unified": (ONE_MEMORY, Pins(model="DeepSeek-R1", quant="UD-IQ1_S"), "cpu"),
    "card-below-its-context": (machine(card(0.4), ram=16), Pins(model="R1-Distill-Qwen-1.5B", gpu_layers=29), "gpu"),
}
SETTINGS: dict[str, tuple[KvType, bool, int]] = {
    "f16": ("f16", True, 512),
    "f16-ubatch-2048": ("f16", True, 2048),
    "q8_0": ("q8_0", True, 512),
    "no-flash": ("f16", False, 512),
    "no-flash-ubatch-2048": ("f16", False, 2048),
}


def place_bytes(option: Option, short: Shortfall) -> int:
    """What the option holds where it is said to be short."""
    held = [
        each
        for each in option.memory
        if each.device.name == short.device or (short.kind == "cards" and each.device.kind == "gpu")
    ]
    return sum(each.total_bytes for each in held)


def judged(on: Machine, pins: Pins) -> Plan[Option]:
    """The plan for a pinned option, once it was found to say one thing and not two."""
    answer = plan(on, ANY_SPEED, pins)
    choice = answer.choice
    assert choice is not None
    assert choice.context == pins.context
    if choice.fits:
        assert answer.rejected == ()
        assert choice.context_max >= choice.context
        return answer
    assert [each.id for each in answer.rejected] == [choice.id]
    cause = answer.rejected[0].cause
    assert cause == choice.why
    assert isinstance(cause, NeedsMemory)
    assert cause.shortfall_bytes > 0
    assert all(short.needed_bytes > short.room_bytes for short in cause.shortfalls)
    assert cause.shortfalls[0].needed_bytes == place_bytes(choice, cause.shortfalls[0])
    assert choice.context_max < choice.context
    assert "needs " in reason(answer.rejected[0])
    return answer


def fits(on: Machine, pins: Pins, context: int) -> bool:
    choice = judged(on, replace(pins, context=context)).choice
    return choice is not None and choice.fits


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_at_the_limit_an_option_fits_and_beyond_it_there_is_a_cause(layout: str, setting: str) -> None:
    on, pins, met = LAYOUTS[layout]
    kv_type, flash_attn, n_ubatch = SETTINGS[setting]
    pins = replace(pins, quant=pins.quant or "Q4_K_M", kv_type=kv_type, flash_attn=flash_attn, n_ubatch=n_ubatch)
    most = model(pins.model or "").context_max
    low, high = 0, most // STEP + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(on, pins, middle * STEP) else (low, middle)
    limit = low * STEP
    for context in (limit - STEP, limit - 1, limit):
        assert context <= 0 or fits(on, pins, context)
    for context in (limit + 1, limit + STEP):
        assert context > most or not fits(on, pins, context)
    short = judged(on, replace(pins, context=STEP)).choice
    assert short is not None
    assert setting != "f16" or short.placement.layout == met


@pytest.mark.parametrize("context", range(97_024, 101_633, STEP))
def test_an_allocator_that_takes_more_at_some_contexts_leaves_layers_in_ram_and_not_the_plan(context: int) -> None:
    """From 97,024 to 99,584 tokens the engine reserves 364 MiB more than before and after."""
    pins = Pins(model="R1-Distill-Qwen-14B", quant="Q4_K_M", kv_type="f16", n_ubatch=2048, context=context)
    assert fits(ONE_CARD, pins, context)


@pytest.mark.parametrize("context", [4_096, 20_000, 40_000, 131_072])
@pytest.mark.parametrize(
    "on", [ONE_CARD, TWO_CARDS, ONE_MEMORY, machine(ram=16)], ids=["card", "two", "unified", "cpu"]
)
def test_with_the_quant_open_what_is_offered_fits_and_the_rest_has_a_cause(on: Machine, context: int) -> None:
    answer = plan(on, pins=Pins(model="R1-Distill-Qwen-14B", context=context, flash_attn=False, n_ubatch=2048))
    assert all(option.fits for option in answer.options)
    named = [option.id for option in answer.options] + [each.id for each in answer.rejected]
    assert len(named) == len(set(named)) == len(model("R1-Distill-Qwen-14B").quants)
    assert answer.choice is not None or answer.nearest_miss is not None


def test_where_the_margin_alone_is_lacking_it_is_named() -> None:
    pins = Pins(model="R1-Distill-Qwen-14B", quant="Q4_K_M", kv_type="f16", n_ubatch=512, gpu_layers=49)
    limit = judged(ONE_CARD, replace(pins, context=16_384)).choice
    assert limit is not None
    beyond = judged(ONE_CARD, replace(pins, context=limit.context_max + STEP))
    assert "MiB on the GPU, 16,384 free less a margin of 256 MiB" in reason(beyond.rejected[0])
    far = judged(ONE_CARD, replace(pins, context=131_072))
    assert "15.8 free" in reason(far.rejected[0])
    assert "margin" not in reason(far.rejected[0])


def test_what_would_fit_is_known_of_an_asked_context_that_does_not() -> None:
    pins = Pins(model="R1-Distill-Qwen-14B", quant="Q4_K_M", kv_type="f16", n_ubatch=512, gpu_layers=49)
    asked = judged(ONE_CARD, replace(pins, context=131_072)).choice
    assert asked is not None
    assert asked.context_max > 16_384
    assert fits(ONE_CARD, pins, asked.context_max)
    assert not fits(ONE_CARD, pins, asked.context_max + STEP)


@pytest.mark.parametrize(("asked", "slow"), [(None, False), (5.0, False), (500.0, True)])
def test_a_pinned_option_that_is_slower_than_asked_is_shown_and_rejected(asked: float | None, slow: bool) -> None:
    pins = Pins(model="R1-Distill-Qwen-14B", quant="Q4_K_M", context=8_192)
    answer = plan(ONE_CARD, Workload(min_tok_s=asked), pins)
    assert answer.choice is not None
    assert [isinstance(each.cause, TooSlow) for each in answer.rejected] == [True] * slow
    assert isinstance(answer.choice.why, TooSlow) is slow
