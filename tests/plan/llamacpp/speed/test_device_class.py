"""Cards of which only size and bandwidth were given, beside what was measured on such cards."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from statistics import median

import pytest

from r1plan.catalog.load import load_hardware
from r1plan.hardware.machine import GpuDevice, Vendor
from r1plan.plan.llamacpp.speed.device_class import device_class
from r1plan.plan.pins import Pins
from r1plan.plan.speed import Speed
from tests.plan.catalogue import card, machine, plan
from tests.plan.llamacpp.speed.test_speed import ROWS

SHEETS = load_hardware().gpus
# Rows of today's builds on one card, of models whose shapes the catalogue has.
CARD_ROWS = [
    row
    for row in ROWS.values()
    if row["offload"] == "gpu-full"
    and row["gpu"] in SHEETS
    and not SHEETS[row["gpu"]].unified
    and row["gpu_count"] == 1
    and not row.get("era")
    and row["arch_of"] in ("R1-Distill-Llama-8B", "R1-Distill-Qwen-14B", "R1-Distill-Qwen-7B")
    and row["quant"] in ("Q4_K_M", "Q5_K_M", "Q8_0")
    and row["source"] != "llmfit"  # with short prompts, by users
]


def given(bandwidth: float, vendor: Vendor) -> GpuDevice:
    return replace(card(80, bandwidth=bandwidth, gpu_class=""), vendor=vendor, fp32_tflops=None)


@cache
def speed(bandwidth: float, vendor: Vendor, model: str, quant: str) -> Speed:
    choice = plan(machine(given(bandwidth, vendor)), pins=Pins(model=model, quant=quant, context=8_192)).choice
    assert choice is not None
    return choice.speed


def ratios(vendor: Vendor | None) -> list[tuple[float, bool]]:
    """Predicted over measured, and whether the range holds the measured one; with the card's own vendor or another."""
    found = []
    for row in CARD_ROWS:
        sheet = SHEETS[row["gpu"]]
        own: Vendor = sheet.gpu_class if sheet.gpu_class in ("amd", "intel") else "nvidia"
        assert sheet.bandwidth_gb_s is not None
        predicted = speed(sheet.bandwidth_gb_s, vendor or own, row["arch_of"], row["quant"]).at(row["context"])
        found.append((predicted.mid / row["tg_tok_s"], predicted.low <= row["tg_tok_s"] <= predicted.high))
    return found


@pytest.mark.parametrize(("vendor", "share_inside"), [("unknown", 0.85), (None, 0.7)], ids=["no vendor", "its vendor"])
def test_given_cards_are_right_on_the_whole_and_honest_about_their_range(
    vendor: Vendor | None, share_inside: float
) -> None:
    found = ratios(vendor)
    assert len(found) >= 12
    assert 0.85 < median(ratio for ratio, _ in found) < 1.15
    assert sum(inside for _, inside in found) >= share_inside * len(found)


def test_an_8_gb_card_at_256_gb_s_reaches_what_such_cards_do() -> None:
    """An RTX 4060 and an RX 7600 do some 40 and 35 with an 8B at four bits; it came out at 30."""
    an_8b = speed(256.0, "unknown", "R1-0528-Qwen3-8B", "Q4_K_M").at(0)
    assert 34 < an_8b.mid < 46
    assert an_8b.low < 30
    assert an_8b.high > 50


@pytest.mark.parametrize("bandwidth", [128.0, 256.0, 448.0, 936.0, 1792.0])
def test_a_vendor_makes_the_range_narrower_and_stays_inside_the_wider_one(bandwidth: float) -> None:
    wide = speed(bandwidth, "unknown", "R1-Distill-Qwen-7B", "Q4_K_M").at(0)
    vendors: tuple[Vendor, ...] = ("nvidia", "amd", "intel")
    for vendor in vendors:
        told = speed(bandwidth, vendor, "R1-Distill-Qwen-7B", "Q4_K_M").at(0)
        assert wide.low < told.mid < wide.high
        assert (told.high - told.low) / told.mid <= (wide.high - wide.low) / wide.mid + 1e-9


@pytest.mark.parametrize("vendor", ["nvidia", "unknown"])
def test_beyond_gddr_bandwidth_buys_less(vendor: Vendor) -> None:
    gddr, hbm = (
        device_class(replace(card(80, bandwidth=gb_s, gpu_class=""), vendor=vendor)) for gb_s in (1792.0, 2039.0)
    )
    assert hbm.efficiency < gddr.efficiency


def test_prompts_without_known_flops_have_a_wide_range() -> None:
    guessed = speed(448.0, "nvidia", "R1-Distill-Qwen-7B", "Q4_K_M").prefill_tok_s
    assert guessed is not None
    assert guessed.high / guessed.low >= 4


def test_a_card_whose_bandwidth_nobody_said_has_the_widest_range() -> None:
    pins = Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M", context=8_192)
    choice = plan(machine(replace(given(300.0, "unknown"), bandwidth_gb_s=None)), pins=pins).choice
    assert choice is not None
    guess, told = choice.speed.at(0), speed(300.0, "unknown", "R1-Distill-Qwen-7B", "Q4_K_M").at(0)
    assert guess.mid == told.mid
    assert guess.low < 0.6 * told.low
    assert choice.speed.basis == "assumed"


@pytest.mark.parametrize("vendor", ["intel", "qualcomm"])
def test_graphics_inside_a_processor_are_slower_than_a_card_of_the_same_bandwidth(vendor: Vendor) -> None:
    """A 7B at four bits did 6.7 tokens a second on 136 GB/s (b0617), its prompt counted."""
    gpu = replace(card(16, bandwidth=136.5, unified=True), vendor=vendor)
    choice = plan(machine(gpu, ram=16), pins=Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M", context=4_096)).choice
    assert choice is not None
    found = choice.speed.at(0)
    assert found.low < ROWS["b0617"]["tg_tok_s"] < found.mid
    assert found.mid < speed(136.5, "unknown", "R1-Distill-Qwen-7B", "Q4_K_M").at(0).mid
