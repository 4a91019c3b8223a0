"""The recipes against what llama-quantize itself printed for every tensor (tests/oracle/quantize_types.py)."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import pytest

from r1plan.catalog.model import Model
from r1plan.ggml_types import BLOCK_TYPES, tensor_bytes
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES, QuantizeRecipe, equal_layers
from tests.oracle.quantize_types import RECORDED, WITHOUT_IMATRIX, recorded_models
from tests.plan.catalogue import model

ROWS: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


def types(recipe: QuantizeRecipe) -> dict[str, str]:
    """The types of each name over the layers that have it, as the recorded rows write them; without the plain ones."""
    found: dict[str, list[str]] = {}
    for tensor, type_ in recipe.outer():
        if not (tensor.plain or tensor.kept_as):
            found.setdefault(tensor.name, []).append(type_)
    for layer in range(recipe.shape.layers):
        for tensor, type_ in recipe.layer(layer):
            if not (tensor.plain or tensor.kept_as):
                found.setdefault(tensor.name, []).append(type_)
    for _, tensor, type_ in recipe.unloaded():
        if not (tensor.plain or tensor.kept_as):
            found.setdefault(tensor.name, []).append(type_)
    return {name: " ".join(f"{one}*{len(list(run))}" for one, run in groupby(each)) for name, each in found.items()}


@pytest.mark.parametrize("each", recorded_models(), ids=lambda each: each.id)
def test_every_tensor_gets_the_type_that_llama_quantize_gives_it(each: Model) -> None:
    rows = [row for row in ROWS if row["model"] == each.id]
    assert len(rows) >= len(BASE_TYPES) - 3 + len(WITHOUT_IMATRIX)
    for row in rows:
        recipe = QuantizeRecipe(
            quant=row["quant"],
            architecture=each.architecture,
            shape=each.shape,
            imatrix=row["imatrix"],
            joined_kv_b=row["joined_kv_b"],
        )
        for name, said in types(recipe).items():
            expected = row["others"].get(name)
            if expected is None:
                assert {each.partition("*")[0] for each in said.split()} == {row["most"]}, (row["quant"], name)
            else:
                assert said == expected, (row["quant"], name)
        assert set(row["others"]) <= set(types(recipe)), row["quant"]


def test_the_recording_holds_every_stock_quant_of_every_shape() -> None:
    kinds = {(row["model"], row["quant"]) for row in ROWS}
    expected = {
        (each.id, quant) for each in recorded_models() for quant in BASE_TYPES if quant not in ("F16", "BF16", "F32")
    }
    assert kinds == expected


@pytest.mark.parametrize("each", recorded_models(), ids=lambda each: each.id)
def test_layers_called_alike_are_alike_in_every_recipe(each: Any) -> None:
    like = equal_layers(each.shape)
    assert len(set(like)) <= 12
    for quant in BASE_TYPES:
        recipe = QuantizeRecipe(quant=quant, architecture=each.architecture, shape=each.shape)
        for layer, first in enumerate(like):
            assert list(recipe.layer(layer)) == list(recipe.layer(first)), (quant, layer)


@pytest.mark.parametrize("imatrix", [True, False], ids=["imatrix", "no imatrix"])
@pytest.mark.parametrize("each", recorded_models(), ids=lambda each: each.id)
def test_what_a_recipe_calls_alike_in_all_layers_of_a_kind_is(each: Model, imatrix: bool) -> None:
    for quant in BASE_TYPES:
        recipe = QuantizeRecipe(quant=quant, architecture=each.architecture, shape=each.shape, imatrix=imatrix)
        found: dict[tuple[bool, str], set[str]] = {}
        for layer in range(each.shape.layers):
            for tensor, type_ in recipe.layer(layer):
                if not recipe.varies(tensor):
                    found.setdefault((layer >= each.shape.dense_layers, tensor.name), set()).add(type_)
        assert {name: types for name, types in found.items() if len(types) > 1} == {}, quant


@pytest.mark.parametrize(
    ("elements", "type_", "size"),
    [
        (7168 * 2048 * 256, "Q6_K", 2940 << 20),
        (256, "Q4_K", 160),  # 144, padded
        (256, "F32", 1024),
        (8, "F32", 32),
        (9, "F32", 64),
        (1536 * 151936, "Q4_K", 131272704),
    ],
)
def test_a_tensor_takes_whole_blocks_padded_to_32_bytes(elements: int, type_: str, size: int) -> None:
    assert tensor_bytes(elements, type_) == size


def test_block_sizes_are_those_of_ggml() -> None:
    # bits a weight as gguf 0.19.0, GGML_QUANT_SIZES, has them
    bits = {"Q4_0": 4.5, "Q5_1": 6.0, "Q2_K": 2.625, "Q3_K": 3.4375, "Q6_K": 6.5625, "IQ1_M": 1.75, "IQ3_XXS": 3.0625}
    bits |= {"IQ2_XXS": 2.0625, "IQ2_XS": 2.3125, "IQ2_S": 2.5625, "IQ3_S": 3.4375, "IQ4_XS": 4.25, "TQ1_0": 1.6875}
    for name, expected in bits.items():
        assert BLOCK_TYPES[name].bytes * 8 / BLOCK_TYPES[name].elements == expected


def test_the_first_layers_of_a_mixture_are_dense() -> None:
    r1 = model("DeepSeek-R1")
    assert r1.shape.dense_layers == 3
    recipe = QuantizeRecipe(quant="Q4_K_M", architecture=r1.architecture, shape=r1.shape)
    held = [any(tensor.routed_expert for tensor in recipe.tensors(layer)) for layer in range(5)]
    assert held == [False, False, False, True, True]
