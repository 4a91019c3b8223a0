"""DeepSeek-V4 is predicted within 30 % of what people measured, on machines of all kinds, at the depths that they gave.

V4-Flash in files of the same bytes: ds4's Q2 (80.8 GiB) is held against UD-IQ1_M, its Q4 against UD-Q4_K_XL. What was
said of a machine besides its cards is little: its memory's bandwidth is by its kind.
"""

from __future__ import annotations

from typing import Any

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.llamacpp.candidates import candidates_of
from r1plan.plan.llamacpp.fit.search import Search
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.speed.work import kind_of
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE, model, quant

FLASH = "DeepSeek-V4-Flash"
DS4 = "antirez/ds4 README @8d576642"
ROWS: tuple[tuple[str, dict[str, Any], str, dict[int, float]], ...] = (
    (f"M3 Max, Q2; {DS4}", {"gpu": ["m3-max-40c"], "unified": 128}, "UD-IQ1_M", {100: 26.7, 11_700: 21.5}),
    (f"M3 Ultra, Q2; {DS4}", {"gpu": ["m3-ultra-80c"], "unified": 512}, "UD-IQ1_M", {100: 36.9, 11_700: 27.4}),
    (f"M3 Ultra, Q4; {DS4}", {"gpu": ["m3-ultra-80c"], "unified": 512}, "UD-Q4_K_XL", {100: 35.5, 11_700: 26.6}),
    ("M3 Ultra, later; antirez/ds4 issue 779", {"gpu": ["m3-ultra-80c"], "unified": 512}, "UD-IQ1_M", {100: 44.1}),
    (
        "M1 Ultra; antirez/ds4 issue 706",
        {"gpu": ["m1-ultra-64c"], "unified": 128},
        "UD-IQ1_M",
        {2_000: 23.5, 64_000: 18.5},
    ),
    (f"DGX Spark; {DS4}", {"gpu": ["dgx-spark"]}, "UD-IQ1_M", {7_000: 13.75, 100: 15.4}),
    (
        "RTX PRO 6000 Max-Q; loftllc.dev",
        {"gpu": ["rtx-pro-6000-blackwell-max-q"], "ram": 128},
        "UD-IQ1_M",
        {100: 43.6, 50_000: 31.4},
    ),
    (
        "3 x R9700, its slow operation mended; readings of llama.cpp 8f5ab832",
        {"gpu": ["radeon-ai-pro-r9700:3"], "ram": 128},
        "UD-IQ1_S",
        {2_000: 23.3, 8_000: 22.8},
    ),
    (
        "EPYC 9V45 alone; ikawrakow/ik_llama.cpp issue 1752",
        {"cpu_only": True, "ram": 384, "ram_bandwidth": 186, "cores": 32},
        "UD-Q4_K_XL",
        {100: 9.7},
    ),
    (
        "RTX PRO 6000 with 768 GB of RAM; ggml-org/llama.cpp issue 25784",
        {"gpu": ["rtx-pro-6000-blackwell"], "ram": 768, "ram_bandwidth": 460, "cores": 48},
        "UD-Q4_K_XL",
        {100: 42.4},
    ),
    (
        "2 x RTX 3090 with RAM; noonghunna/club-3090 @4a29ab57",
        {"gpu": ["rtx-3090:2"], "ram": 256, "ram_bandwidth": 150, "cores": 32},
        "UD-Q8_K_XL",
        {1_000: 17.1},
    ),
    (
        "4 x RTX 3090; noonghunna/club-3090 issue 1106",
        {"gpu": ["rtx-3090:4"], "ram": 64, "vram_used": 0},
        "UD-IQ2_XXS",
        {100: 22.55},
    ),
    ("4 x RTX 8000", {"gpu": ["quadro-rtx-8000:4"], "ram": 64, "vram_used": 0}, "UD-IQ4_XS", {100: 23.8}),
)


def _option(described: dict[str, Any], quant_name: str, depths: tuple[int, ...]) -> Option:
    on, workload, pins = machine_from_options(**described), Workload(depths=depths), Pins(model=FLASH, quant=quant_name)
    (candidate,) = candidates_of(CATALOGUE, pins)
    found = Search(on, devices_of(on, {}), workload, pins).of(candidate)
    assert isinstance(found, Option)
    return found


@pytest.mark.parametrize(
    ("described", "quant_name", "measured"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_v4_is_within_30_per_cent_of_what_was_measured(
    described: dict[str, Any], quant_name: str, measured: dict[int, float]
) -> None:
    speed = _option(described, quant_name, tuple(measured)).speed
    said = {each.depth: each.tok_s for each in speed.decode}
    for depth, tok_s in measured.items():
        assert said[depth].mid == pytest.approx(tok_s, rel=0.30), depth
    assert speed.basis == "assumed"


def test_on_a_mac_the_larger_file_is_nearly_as_fast() -> None:
    small, large = (
        _option({"gpu": ["m3-ultra-80c"], "unified": 512}, each, ()).tok_s for each in ("UD-IQ1_M", "UD-Q4_K_XL")
    )
    assert small / large < 1.15  # R1's own files of these sizes differ by half


def test_only_deepseek_v4_streams() -> None:
    flash, r1 = model(FLASH), model("DeepSeek-R1")
    v4, before = quant(FLASH, "UD-Q4_K_XL"), quant("DeepSeek-R1", "Q4_K_M")
    assert kind_of(flash, v4, weights_of(flash, v4)).streams
    assert not kind_of(r1, before, weights_of(r1, before)).streams
