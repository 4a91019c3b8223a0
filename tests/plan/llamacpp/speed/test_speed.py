"""Predictions beside what was measured elsewhere. The constants were set on these rows: a guard, not a proof."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from tests.plan.catalogue import card, machine, plan

MEASURED = Path(__file__).parents[3] / "measured"
ROWS = {row["id"]: row for row in yaml.safe_load((MEASURED / "bench_calibration.yaml").read_text())["rows"]}
H100 = [
    row
    for row in map(json.loads, (MEASURED / "vram_measured_h100.jsonl").read_text().splitlines())
    if row["kind"] == "speed" and row["n_gen"]
]


@pytest.mark.parametrize(
    ("row_id", "ram", "model", "within"),
    [
        ("b0562", 64.0, "R1-Distill-Qwen-14B", 0.15),
        ("b0577", None, "R1-Distill-Qwen-14B", 0.15),
        ("b0591", None, "R1-Distill-Llama-70B", 0.15),
        ("b0533", 64.0, "R1-Distill-Llama-8B", 0.22),
        ("b0596", 512.0, "DeepSeek-R1", 0.15),
    ],
)
def test_decoding_is_near_what_others_measured(row_id: str, ram: float | None, model: str, within: float) -> None:
    row = ROWS[row_id]
    # R1 at Q4_K_M fills the M3 Ultra's share for Metal, so the context is small.
    pins = Pins(model=model, quant=row["quant"], context=4096)
    choice = plan(machine_from_options(gpu=[row["gpu"]], ram=ram), Workload(depths=(64,)), pins).choice
    assert choice is not None
    assert choice.speed.at(64).mid == pytest.approx(row["tg_tok_s"], rel=within)


@pytest.mark.parametrize("row", H100, ids=lambda row: f"{row['model']}-{row['n_depth']}")
def test_decoding_on_an_h100_is_within_a_tenth(row: dict[str, float]) -> None:
    pins = Pins(model=str(row["model"]), quant=str(row["quant"]), context=16_384)
    depth = int(row["n_depth"])
    choice = plan(machine_from_options(gpu=["h100-sxm-80gb"]), Workload(depths=(depth,)), pins).choice
    assert choice is not None
    assert choice.speed.at(depth).mid == pytest.approx(row["tok_s"], rel=0.1)


@pytest.mark.parametrize(
    ("model", "quant", "tok_s"),
    [
        ("R1-Distill-Llama-8B", "Q4_K_M", 255),
        ("R1-Distill-Qwen-32B", "Q4_K_M", 79),
        ("R1-Distill-Qwen-32B", "Q5_K_M", 73),
        ("R1-Distill-Qwen-32B", "IQ3_M", 70),
        ("R1-Distill-Llama-70B", "Q4_K_M", 45),
        ("R1-Distill-Llama-70B", "Q3_K_M", 33),
    ],
)
def test_on_a_card_with_4800_gb_s_unpacking_decides_within_a_tenth(model: str, quant: str, tok_s: float) -> None:
    """Readings of one card (speed.md). Fewer bits are slower there, which the bytes alone would not say."""
    pins = Pins(model=model, quant=quant, context=8_192)
    choice = plan(machine_from_options(gpu=["h200-sxm"], ram=128), Workload(depths=(0,)), pins).choice
    assert choice is not None
    assert choice.speed.at(0).mid == pytest.approx(tok_s, rel=0.1)
    assert choice.speed.bottleneck == "gpu arithmetic"


def test_decoding_slows_with_depth() -> None:
    workload = Workload(depths=(8192, 30_000))
    choice = plan(machine(card(24)), workload, Pins(model="R1-Distill-Qwen-32B", quant="Q4_K_M", kv_type="q8_0")).choice
    assert choice is not None
    rates = [choice.speed.at(depth).mid for depth in (0, 8192, 30_000)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > rates[2]


def test_an_unknown_card_has_no_reading_speed_and_says_assumed() -> None:
    choice = plan(machine_from_options(vram=24, ram=64)).choice
    assert choice is not None
    assert choice.speed.prefill_tok_s is None
    assert choice.speed.basis == "assumed"


def test_experts_in_ram_are_slower_than_on_the_card_and_faster_than_no_card() -> None:
    pins = Pins(model="DeepSeek-R1-0528", quant="IQ4_XS")
    cards = [card(100, index=index) for index in range(4)]

    def rate(*gpus: object, ram: float = 512) -> float:
        choice = plan(machine(*gpus, ram=ram), pins=pins).choice  # type: ignore[arg-type]
        assert choice is not None
        return choice.speed.decode[0].tok_s.mid

    assert rate(*cards) > rate(cards[0]) > rate()
