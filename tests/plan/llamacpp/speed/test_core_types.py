"""What a core was measured to do with each type, and what the plan makes of a file's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from r1plan.plan.llamacpp.settings import KV_TYPES
from r1plan.plan.llamacpp.speed.core_types import ATTENTION_FLOP_S, CORE_RATES, core_work
from r1plan.plan.llamacpp.speed.work import types_of_name

LINES = [
    json.loads(line) for line in (Path(__file__).parents[3] / "measured" / "core_types.jsonl").read_text().splitlines()
]
READ = {(each["instructions"], each["type"]): each for each in LINES if each["kind"] == "core"}
RATES_BY_NAME = {str(name): rate for name, rate in ATTENTION_FLOP_S.items()}
ATTENTION = [each for each in LINES if each["kind"] == "attention" and each["model"] != "DeepSeek-R1"]


@pytest.mark.parametrize("name", CORE_RATES)
def test_a_type_is_as_fast_as_it_was_measured(name: str) -> None:
    read, rate = READ["avx512", name], CORE_RATES[name]
    assert rate.weights_a_s == pytest.approx(read["weights_a_s"], rel=0.1)
    assert rate.prompt_flop_s == pytest.approx(read["prompt_flop_s"], rel=0.12)


def test_one_token_gains_nothing_from_wider_instructions_and_a_prompt_does() -> None:
    tokens, prompts = (
        sorted(READ["avx512", name][what] / READ["avx2", name][what] for name in CORE_RATES)
        for what in ("weights_a_s", "prompt_flop_s")
    )
    middle = len(tokens) // 2
    assert 0.95 < tokens[middle] < 1.1
    assert 1.7 < prompts[middle] < 2.3


@pytest.mark.parametrize("read", ATTENTION, ids=lambda each: f"{each['kv_type']}-{each['model']}")
def test_attention_is_as_fast_as_it_was_measured(read: dict[str, Any]) -> None:
    assert RATES_BY_NAME[read["kv_type"]] == pytest.approx(read["flop_s"], rel=0.05)


def test_every_type_of_cache_has_a_rate() -> None:
    assert set(ATTENTION_FLOP_S) == set(KV_TYPES)


@pytest.mark.parametrize(
    ("quant", "name"),
    [
        ("Q4_K_M", "Q4_K"),
        ("UD-Q2_K_XL", "Q2_K"),
        ("UD-IQ1_S", "IQ1_S"),
        ("IQ2_XXS", "IQ2_XXS"),
        ("IQ4_XS", "IQ4_XS"),
        ("IQ2_K_R4", "Q2_K"),
        ("IQ1_S_R4", "IQ1_S"),
        ("IQ4_K_R4", "Q4_K"),
        ("BF16", "BF16"),
        ("", "Q4_K"),
    ],
)
def test_a_name_says_which_type_most_weights_have(quant: str, name: str) -> None:
    assert max(types_of_name(quant), key=lambda each: each[1])[0] == name


def test_a_mix_takes_what_its_types_take() -> None:
    def seconds(*types: tuple[str, float]) -> float:
        return core_work(types, ()).trunk_s_a_byte

    mixed = seconds(("Q4_K", 0.7), ("Q6_K", 0.3))
    assert mixed == pytest.approx(0.7 * seconds(("Q4_K", 1.0)) + 0.3 * seconds(("Q6_K", 1.0)))
    # 144 bytes hold 256 weights.
    assert seconds(("Q4_K", 1.0)) == pytest.approx(256 / 144 / CORE_RATES["Q4_K"].weights_a_s)


def test_a_mixture_computes_its_experts_by_their_own_types() -> None:
    work = core_work((("Q6_K", 1.0),), (("IQ2_XXS", 1.0),))
    assert work.experts_s_a_byte > 2 * work.trunk_s_a_byte
    assert work.prompt_flop_s == pytest.approx(CORE_RATES["IQ2_XXS"].prompt_flop_s)
