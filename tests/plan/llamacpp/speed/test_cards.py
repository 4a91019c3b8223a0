"""What a card's speed must be whatever its constants, and what it is on cards of each kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.load import load_hardware
from r1plan.ggml_types import BLOCK_TYPES
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.llamacpp.speed.cards import CardSpeed
from r1plan.plan.llamacpp.speed.constants import OPERATIONS
from r1plan.plan.llamacpp.speed.device_class import device_class, flops, kinds_of, whole_numbers_a_s
from r1plan.plan.llamacpp.speed.fit.rows import RowName, row_of, sheet_card
from r1plan.plan.llamacpp.speed.work import CardWork, PromptWork, types_of_name, work_kind
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES
from r1plan.plan.pins import KvType

KNOWN = load_hardware()
SHEETS = [each for each in (*KNOWN.gpus, *KNOWN.apple) if sheet_card(each) is not None]
CARDS = st.sampled_from(SHEETS)
QUANTS = st.sampled_from(sorted(BASE_TYPES))
LAYERS = 32
CACHE = 131_072


def card(sheet: str) -> GpuDevice:
    found = sheet_card(sheet)
    assert found is not None
    return found


def token_s(gpu: GpuDevice, quant: str, read_bytes: float = 5e9, depth: float = 0.0, layers: int = LAYERS) -> float:
    work = CardWork(0, layers, read_bytes, CACHE)
    found = CardSpeed(gpu).token(work, work_kind(quant, 4.85, moe=False, latent=False))
    return found.weights + found.layers + found.cache_a_depth * depth


@given(CARDS, QUANTS, st.floats(1.0, 2.0))
@settings(max_examples=60, deadline=None)
def test_more_bandwidth_is_never_slower(sheet: str, quant: str, more: float) -> None:
    gpu = replace(card(sheet), gpu_class="nvidia-datacentre")  # what it is does not follow from its bandwidth
    wider = replace(gpu, bandwidth_gb_s=(gpu.bandwidth_gb_s or 1) * more)
    if kinds_of(gpu) == kinds_of(wider):
        assert token_s(wider, quant, depth=8_192) <= token_s(gpu, quant, depth=8_192) * (1 + 1e-12)


@given(CARDS, QUANTS, st.floats(0, 200_000), st.floats(1, 200_000))
@settings(max_examples=60, deadline=None)
def test_deeper_is_never_faster_and_more_of_the_same_types_neither(
    sheet: str, quant: str, depth: float, more: float
) -> None:
    gpu = card(sheet)
    assert token_s(gpu, quant, depth=depth + more) > token_s(gpu, quant, depth=depth)
    assert token_s(gpu, quant, read_bytes=5e9 + more * 1e4) > token_s(gpu, quant, read_bytes=5e9)
    assert token_s(gpu, quant, layers=LAYERS + 1) > token_s(gpu, quant)


def test_no_card_reads_faster_than_its_memory() -> None:
    for gpu in map(card, SHEETS):
        for quant in ("Q4_0", "BF16"):
            assert token_s(gpu, quant) > 5e9 / ((gpu.bandwidth_gb_s or 1) * 1e9), gpu.name


def test_every_card_of_the_catalogue_has_a_prompt_speed_that_falls_with_depth() -> None:
    kind = work_kind("Q4_K_M", 4.85, moe=False, latent=False)
    prompt = PromptWork(16e9, 0.0, 0.0, 512, attention_flop_a_depth=5e5)
    for gpu in map(card, SHEETS):
        found = CardSpeed(gpu).prompt(prompt, kind, layers=LAYERS, share=1.0)
        assert found is not None, gpu.name
        assert found.attention_a_depth > 0, gpu.name
        assert 0 < 16e9 / found.products < 4e15, gpu.name  # no card calculates so fast


def test_a_type_that_takes_more_arithmetic_is_slower_at_the_same_bytes_on_the_fastest_memory() -> None:
    """Of a card whose memory is faster than its arithmetic, more bits of the same family are not slower a weight."""
    gpu = card("h200-sxm-141gb")
    weights = 7e9
    seconds = {
        type_: CardSpeed(gpu)
        .token(
            CardWork(0, LAYERS, weights * BLOCK_TYPES[type_].bytes / BLOCK_TYPES[type_].elements, CACHE),
            work_kind(type_, 4.85, moe=False, latent=False)._replace(trunk_types=((type_, 1.0),)),
        )
        .weights
        for type_ in OPERATIONS
    }
    assert seconds["Q3_K"] > seconds["Q4_K"]
    assert seconds["Q6_K"] > seconds["Q5_K"] > seconds["Q4_0"]
    slow, fast = token_s(gpu, "Q3_K_M", 3.78e9), token_s(gpu, "Q4_K_M", 4.62e9)
    assert slow > 1.1 * fast


def test_on_a_card_with_gddr_fewer_bytes_are_faster() -> None:
    gpu = card("rtx-4090")
    seconds = [token_s(gpu, *each) for each in (("Q4_K_M", 4.62e9), ("Q6_K", 6.16e9), ("Q8_0", 7.97e9), ("BF16", 15e9))]
    assert seconds == sorted(seconds)


def test_a_quantised_cache_costs_a_layer_more_and_reads_fewer_bytes() -> None:
    caches: tuple[tuple[int, KvType], ...] = ((CACHE, "f16"), (CACHE * 34 // 64, "q8_0"))
    kind = work_kind("Q4_K_M", 4.85, moe=False, latent=False)
    for sheet in ("h200-sxm-141gb", "rtx-4090", "m4-max-40c"):
        speed = CardSpeed(card(sheet))
        plain = speed.token(CardWork(0, LAYERS, 5e9, CACHE), kind)
        quantised = speed.token(CardWork(0, LAYERS, 5e9, CACHE * 34 // 64, kv_type="q8_0"), kind)
        assert plain.layers < quantised.layers < 1.6 * plain.layers
    # 15 % of a token at 8,192 on an H200, by its arithmetic (speed.md).
    h200 = CardSpeed(card("h200-sxm-141gb"))
    plain, quantised = (h200.token(CardWork(0, LAYERS, 4.6e9, size, kv_type=kv_type), kind) for size, kv_type in caches)
    longer = (quantised.weights + quantised.layers + 8_192 * quantised.cache_a_depth) / (
        plain.weights + plain.layers + 8_192 * plain.cache_a_depth
    )
    assert 1.05 < longer < 1.25


def test_latent_attention_is_bound_by_arithmetic_and_falls_fast_with_depth() -> None:
    row = row_of(RowName("r1", "h200-sxm-141gb", "R1 of 9 layers", "IQ2_XXS"), 0, 1.0, prompt_tokens=512)
    assert row is not None
    speed = CardSpeed(row.card)
    found = speed.prompt(row.prompt, row.kind, layers=9, share=1.0)
    assert found is not None
    at_0 = found.products + found.layers
    assert 4 < (at_0 + found.attention_a_depth * 32_768) / at_0 < 7


@pytest.mark.parametrize(
    ("sheet", "kinds"),
    [
        ("gtx-1050-ti", ("nvidia", "gddr", "pascal")),
        ("tesla-p100-16gb", ("nvidia", "hbm", "pascal")),
        ("rtx-2080-ti", ("nvidia", "gddr", "turing")),
        ("v100-sxm2-32gb", ("nvidia", "hbm", "volta")),
        ("a100-sxm-80gb", ("nvidia", "hbm", "ga100")),
        ("a30", ("nvidia", "hbm", "ga100")),
        ("rtx-3090", ("nvidia", "gddr", "ampere")),
        ("l40s", ("nvidia", "gddr", "ada")),
        ("h200-sxm-141gb", ("nvidia", "hbm", "hopper")),
        ("b200-sxm", ("nvidia", "hbm", "blackwell hbm")),
        ("rtx-5090", ("nvidia", "gddr", "blackwell")),
        ("rtx-pro-6000-blackwell", ("nvidia", "gddr", "blackwell")),
        ("gb10", ("nvidia", "nvidia unified")),
        ("rx-6800-xt", ("amd", "rdna2")),
        ("rx-7900-xtx", ("amd", "rdna3")),
        ("rx-9070-xt", ("amd", "rdna4")),
        ("mi300x", ("amd", "cdna")),
        ("strix-halo", ("amd", "amd unified")),
        ("arc-b580", ("intel",)),
        ("arc-140v", ("integrated",)),
        ("m1-7c", ("apple", "apple base", "apple m1")),
        ("m3-ultra-80c", ("apple", "apple ultra", "apple m3")),
        ("m4-max-40c", ("apple", "apple max", "apple m4")),
    ],
)
def test_a_card_is_of_its_kinds(sheet: str, kinds: tuple[str, ...]) -> None:
    assert kinds_of(card(sheet)) == kinds


def test_a_chip_as_macos_calls_it_is_the_same_as_its_sheet() -> None:
    sheet = card("m2-max-38c")
    detected = replace(sheet, name="Apple M2 Max (38)", profile=None)
    assert kinds_of(detected) == kinds_of(sheet)
    assert whole_numbers_a_s(detected) == whole_numbers_a_s(sheet)
    without_cores = replace(sheet, name="Apple M2 Max", profile=None)
    assert whole_numbers_a_s(without_cores) == pytest.approx(whole_numbers_a_s(sheet), rel=0.2)


def test_matrix_units_read_prompts_faster_than_the_generation_before() -> None:
    assert flops(card("m5-pro-20c")) > 2.5 * flops(card("m4-pro-20c"))


def test_a_kind_without_rows_says_assumed_or_its_elders_source() -> None:
    assert device_class(card("arc-140v")).basis == "assumed"
    assert device_class(card("rtx-2080-ti")).source == device_class(card("rtx-2080-ti")).source
    assert device_class(card("rtx-3090")).basis == "calibrated"


@pytest.mark.parametrize(
    ("name", "first"),
    [("UD-IQ1_S", "IQ1_S"), ("UD-Q2_K_XL", "Q2_K"), ("Q4_K_M", "Q4_K"), ("IQ2_XS_R4", "IQ2_XS"), ("made up", "Q4_K")],
)
def test_a_name_says_what_a_quant_mostly_holds(name: str, first: str) -> None:
    types = types_of_name(name)
    assert types[0][0] == first
    assert sum(share for _, share in types) == pytest.approx(1.0)
