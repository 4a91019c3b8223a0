"""The number of multiprocessors of NVIDIA's cards against their arithmetic."""

from __future__ import annotations

import pytest

from r1plan.catalog.hardware import Gpu
from r1plan.catalog.load import load_hardware

# CUDA's guide, "Arithmetic instructions": multiply-adds of 32 bits a clock and multiprocessor.
HALF_AS_MANY = ("6.0", "7.0", "7.2", "7.5", "8.0")
COUNTED = [gpu for gpu in load_hardware().gpus.values() if gpu.multiprocessors is not None]


@pytest.mark.parametrize("gpu", COUNTED, ids=lambda gpu: gpu.id)
def test_the_clock_that_follows_is_one_that_cards_have(gpu: Gpu) -> None:
    assert gpu.multiprocessors is not None
    assert "multiprocessors" in gpu.unsourced
    if gpu.fp32_tflops is None:
        return
    units = 64 if gpu.compute_capability in HALF_AS_MANY else 128
    clock_ghz = gpu.fp32_tflops * 1000 / (2 * units * gpu.multiprocessors)
    assert 0.6 < clock_ghz < 2.7


def test_every_usual_card_for_models_is_counted() -> None:
    cards = load_hardware().gpus
    usual = (
        "rtx-3060-12gb",
        "rtx-3090",
        "rtx-4060-ti-16gb",
        "rtx-4090",
        "rtx-5090",
        "a100-sxm-80gb",
        "l40s",
        "b200-sxm",
    )
    assert all(cards[each].multiprocessors for each in usual)
