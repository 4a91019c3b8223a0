"""The flags of llama.cpp for a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.deploy.llama_cpp import engine_flags, serve_command
from r1plan.plan.pins import Pins
from r1plan.render.plan.engines.llamacpp_explained import parts_of
from r1plan.render.text.screen import Screen
from tests.plan.catalogue import card, machine, plan


@pytest.mark.parametrize(
    ("pins", "flags"),
    [
        (Pins(), "--ctx-size 8192 --gpu-layers 29"),
        (Pins(kv_type="q8_0"), "--ctx-size 8192 --gpu-layers 29 --cache-type-k q8_0 --cache-type-v q8_0"),
        (Pins(n_ubatch=256), "--ctx-size 8192 --gpu-layers 29 --ubatch-size 256"),
        (Pins(n_ubatch=4096), "--ctx-size 8192 --gpu-layers 29 --batch-size 4096 --ubatch-size 4096"),
        (Pins(slots=2), "--ctx-size 16384 --parallel 2 --gpu-layers 29"),
        (Pins(runtime="llama-server"), "--ctx-size 8192 --gpu-layers 29"),
        (Pins(runtime="llama-server", slots=1), "--ctx-size 8192 --parallel 1 --gpu-layers 29"),
        (Pins(flash_attn=False, mapped=False), "--ctx-size 8192 --gpu-layers 29 --flash-attn off --no-mmap"),
    ],
    ids=["defaults", "cache", "micro-batch", "large micro-batch", "slots", "one cache for slots", "one slot", "off"],
)
def test_the_flags_are_those_that_allocate_the_plan(pins: Pins, flags: str) -> None:
    pinned = replace(pins, model="R1-Distill-Qwen-7B", quant="Q4_K_M", context=8_192)
    answer = plan(machine(card(24), ram=64), pins=pinned)
    option = answer.choice
    assert option is not None
    assert " ".join(engine_flags(option)) == flags
    assert f"  as a server: {serve_command(option)}" in parts_of(answer, option, None, Screen(columns=120))
