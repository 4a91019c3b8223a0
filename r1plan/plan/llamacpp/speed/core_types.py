"""What a type of weights takes of one core of a processor, which unpacks and multiplies it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from r1plan.ggml_types import BLOCK_TYPES
from r1plan.plan.llamacpp.speed.work import TypeShares
from r1plan.plan.pins import KvType


class CoreRate(NamedTuple):
    """Weights a second of one core while one token is computed, and its operations a second on a prompt."""

    weights_a_s: float
    prompt_flop_s: float


# One core of a Xeon (Sapphire Rapids) with AVX-512, weights in its cache (tests/measured/core_types.jsonl). The same
# source with AVX2 alone is as fast with one token, and half as fast with a prompt.
CORE_RATES: dict[str, CoreRate] = {
    "F32": CoreRate(5.8e9, 70e9),
    "F16": CoreRate(10.5e9, 83e9),
    "BF16": CoreRate(10.8e9, 79e9),
    "Q4_0": CoreRate(20.0e9, 66e9),
    "Q4_1": CoreRate(18.7e9, 38e9),
    "Q5_0": CoreRate(16.2e9, 65e9),
    "Q5_1": CoreRate(15.7e9, 33e9),
    "Q8_0": CoreRate(17.2e9, 78e9),
    "Q2_K": CoreRate(33.0e9, 138e9),
    "Q3_K": CoreRate(21.0e9, 139e9),
    "Q4_K": CoreRate(27.0e9, 188e9),
    "Q5_K": CoreRate(19.5e9, 177e9),
    "Q6_K": CoreRate(23.5e9, 137e9),
    "IQ1_S": CoreRate(12.8e9, 154e9),
    "IQ1_M": CoreRate(11.8e9, 113e9),
    "IQ2_XXS": CoreRate(12.1e9, 162e9),
    "IQ2_XS": CoreRate(10.3e9, 131e9),
    "IQ2_S": CoreRate(12.0e9, 131e9),
    "IQ3_XXS": CoreRate(9.3e9, 148e9),
    "IQ3_S": CoreRate(6.9e9, 138e9),
    "IQ4_NL": CoreRate(17.4e9, 64e9),
    "IQ4_XS": CoreRate(20.0e9, 202e9),
    "TQ1_0": CoreRate(22.5e9, 45e9),
}
# Operations a second of one core in attention, by the cache's type, for one token (core_types.jsonl, kind "attention"):
# what is not f16 is made F32 a row at a time. Latent attention is wider and so a quarter faster.
ATTENTION_FLOP_S: dict[KvType, float] = {
    "f16": 24e9,
    "f32": 20e9,
    "bf16": 14e9,
    "q8_0": 12e9,
    "q4_0": 5.5e9,
    "q4_1": 5.1e9,
    "q5_0": 3.4e9,
    "q5_1": 3.3e9,
    "iq4_nl": 3.4e9,
}
LATENT_ATTENTION_FASTER = 1.25
PROMPT_ATTENTION_FLOP_S = 60e9  # for 64 tokens at once, f16
_USUAL = "Q4_K"


class CoreWork(NamedTuple):
    """What weights take of one core with AVX-512.

    Seconds to compute with a byte of all but routed experts and of those, and operations a second on a prompt.
    """

    trunk_s_a_byte: float
    experts_s_a_byte: float
    prompt_flop_s: float


@lru_cache(maxsize=256)
def core_work(trunk: TypeShares, experts: TypeShares) -> CoreWork:
    """By the shares of each type in the bytes of both; a dense model has no experts, and its trunk stands for them."""
    most = experts or trunk
    return CoreWork(_seconds_a_byte(trunk), _seconds_a_byte(most), _prompt_flop_s(most))


def _weights_a_byte(types: TypeShares) -> Iterator[tuple[CoreRate, float]]:
    """How many weights each type has in a byte of all, with its rate; one not measured is taken as a usual one."""
    for name, share in types:
        block = BLOCK_TYPES.get(name, BLOCK_TYPES[_USUAL])
        yield CORE_RATES.get(name, CORE_RATES[_USUAL]), share * block.elements / block.bytes


def _seconds_a_byte(types: TypeShares) -> float:
    return sum([weights / rate.weights_a_s for rate, weights in _weights_a_byte(types)])


def _prompt_flop_s(types: TypeShares) -> float:
    found = list(_weights_a_byte(types))
    return sum([weights for _, weights in found]) / sum([weights / rate.prompt_flop_s for rate, weights in found])
