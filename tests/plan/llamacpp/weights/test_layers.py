"""Where the bytes lie: against the catalogue's totals, the H100 readings and the engine's own sums."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.ggml_types import tensor_bytes
from r1plan.models.weights import Weights
from r1plan.plan.arch.spec import Tensor
from r1plan.plan.arch.table import spec_of
from r1plan.plan.llamacpp.weights.layers import stock_weights, weights_of
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES, QuantizeRecipe
from tests.oracle.quantize_types import distinct_shapes
from tests.plan.catalogue import MODELS, model, quant

READINGS = Path(__file__).parents[3] / "measured" / "vram_measured_h100.jsonl"
DENSE = [each.id for each in distinct_shapes() if each.architecture != "deepseek2"]
STOCK = [each.name for each in model("DeepSeek-R1").quants if each.stock]
SUCCESSORS = ["DeepSeek-V3.2", "DeepSeek-V4-Flash-0731", "DeepSeek-V4-Pro-0813"]
PLANNED = [id_ for id_ in MODELS if model(id_).quants]  # V4.1 has none that llama.cpp loads
SMALLEST = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M")


def test_the_catalogue_has_26_stock_quants_of_8_shapes() -> None:
    assert len(STOCK) == 26
    assert len(DENSE) == 7
    for each in distinct_shapes():
        assert [q.name for q in each.quants if q.stock] == STOCK
        assert set(STOCK) <= set(BASE_TYPES)


@pytest.mark.parametrize("id_", [*DENSE, *SUCCESSORS])
def test_the_tensors_of_all_but_r1_add_up_to_the_catalogues_bytes(id_: str) -> None:
    for name in STOCK:
        weights, known = weights_of(model(id_), quant(id_, name)), quant(id_, name)
        assert weights.total_bytes == known.tensor_bytes, name
        assert weights.embedding_bytes == known.token_embd_bytes, name
        # The catalogue leaves out Llama's table of rotary frequencies.
        rotary = 256 if model(id_).architecture == "llama" else 0
        assert weights.read_bytes_a_token - rotary == known.decode_read_bytes, name
        assert weights.whole_is_exact


@pytest.mark.parametrize("name", STOCK)
def test_r1_differs_from_the_catalogue_by_what_older_files_held(name: str) -> None:
    # The catalogue's R1 has one attn_kv_b of the base type where files since April 2025 have attn_k_b, whose short rows
    # need a stand-in type, and attn_v_b. In the smallest quants it also counts layers where the quantiser counts
    # ffn_down tensors, of which an expert layer has two.
    r1 = model("DeepSeek-R1")
    recipe = QuantizeRecipe(quant=name, architecture=r1.architecture, shape=r1.shape)
    kv_b = Tensor("attn_kv_b.weight", (512, 128 * 256))
    older = weights_of(r1, quant("DeepSeek-R1", name)).total_bytes
    for layer in range(r1.shape.layers):
        older += tensor_bytes(kv_b.elements, BASE_TYPES[name])
        for tensor, type_ in recipe.layer(layer):
            if tensor.name in ("attn_k_b.weight", "attn_v_b.weight"):
                older -= tensor_bytes(tensor.elements, type_)
            if name in SMALLEST and tensor.name.startswith("ffn_down") and layer < r1.shape.layers // 8:
                counted_by_layer = "IQ3_S" if name in ("IQ2_S", "IQ2_M") else "Q2_K"
                older += tensor_bytes(tensor.elements, counted_by_layer) - tensor_bytes(tensor.elements, type_)
    assert older == quant("DeepSeek-R1", name).tensor_bytes


def test_r1_on_the_card_and_in_host_memory_is_what_an_h100_reported() -> None:
    row = json.loads(READINGS.read_text(encoding="utf-8").splitlines()[0])
    assert (row["model"], row["quant"], row["experts_on_cpu"]) == ("DeepSeek-R1", "Q4_K_M", True)
    weights = weights_of(model("DeepSeek-R1"), quant("DeepSeek-R1", "Q4_K_M"))
    assert weights.embedding_bytes + weights.expert_bytes == row["breakdown"]["CUDA_Host"]["model"]
    # CUDA pads a quantised row of 128 elements to 512: 264 bytes behind each attn_k_b, 384 with its alignment.
    assert weights.trunk_bytes + weights.output_bytes == row["breakdown"]["CUDA0"]["model"] - 61 * 384
    assert weights.widest_expert_tensor_bytes == 2940 << 20


def test_expert_layers_of_one_mix_differ() -> None:
    weights = weights_of(model("DeepSeek-R1"), quant("DeepSeek-R1", "Q4_K_M"))
    layers = {weights.experts_of(n, n + 1) for n in range(3, 61)}
    gib = sorted(each / (1 << 30) for each in layers)
    assert [round(each, 2) for each in gib] == [5.91, 6.81]
    assert weights.widest_expert_tensor_of(0, 3) == 0
    assert weights.widest_expert_tensor_of(3, 4) == 2940 << 20
    assert weights.widest_expert_tensor_of(7, 8) == 2016 << 20


@pytest.mark.parametrize("id_", PLANNED)
def test_every_part_is_there_and_parts_add_up(id_: str) -> None:
    for each in model(id_).quants:
        weights = weights_of(model(id_), each)
        assert weights.layers == model(id_).shape.layers
        assert min(weights.embedding_bytes, weights.output_bytes) > 0
        assert all(weights.trunk_of(n, n + 1) > 0 for n in range(weights.layers))
        assert all(weights.experts_of(n, n + 1) > 0 for n in range(weights.dense_layers, weights.layers))
        assert weights.experts_of(0, weights.dense_layers) == 0
        parts = weights.embedding_bytes + weights.output_bytes + weights.trunk_bytes + weights.expert_bytes
        assert parts == weights.total_bytes


@pytest.mark.parametrize("id_", PLANNED)
def test_a_dynamic_file_keeps_its_published_total_and_says_that_its_split_is_estimated(id_: str) -> None:
    for each in model(id_).quants:
        if not each.stock:
            weights = weights_of(model(id_), each)
            assert weights.total_bytes == each.tensor_bytes, each.name
            exact = spec_of(model(id_).architecture, model(id_).shape).published
            assert weights.whole_is_exact == (each.name in exact)
            assert weights.widest_expert_tensor_bytes >= weights.expert_bytes / 58 / 3 * (model(id_).kind == "full")


@settings(max_examples=40, deadline=None)
@given(
    id_=st.sampled_from(PLANNED),
    pick=st.integers(0, 25),
    cuts=st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(0, 80)),
)
def test_consecutive_ranges_add_up(id_: str, pick: int, cuts: tuple[int, int, int]) -> None:
    weights = weights_of(model(id_), model(id_).quants[pick])
    low, middle, high = sorted(min(cut, weights.layers) for cut in cuts)
    for of in (weights.trunk_of, weights.experts_of):
        assert of(low, middle) + of(middle, high) == of(low, high) >= 0


def test_a_smaller_quant_has_no_larger_layer() -> None:
    ladder = ("F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
    for id_ in PLANNED:
        each = [weights_of(model(id_), quant(id_, name)) for name in ladder]
        for larger, smaller in pairwise(each):
            for n in range(larger.layers):
                assert smaller.trunk_of(n, n + 1) + smaller.experts_of(n, n + 1) < (
                    larger.trunk_of(n, n + 1) + larger.experts_of(n, n + 1)
                )


def test_a_tied_head_is_a_copy_on_a_card_and_nothing_beside_the_embedding() -> None:
    tied = Weights(
        embedding_bytes=100,
        output_bytes=104,
        dense_layers=1,
        trunk_before=(0, 10),
        experts_before=(0, 0),
        widest_experts=(0,),
        matrices=((),),
        widest_matrices=(0,),
        experts_read_share=1.0,
        whole_is_exact=True,
        tied=True,
    )
    assert tied.output_bytes_beside_embedding == 4
    assert tied.total_bytes == 114
    assert tied.read_bytes_a_token == 114


def test_without_an_importance_matrix_a_file_may_be_larger_or_smaller() -> None:
    # files of R1-Distill-Llama-8B quantised without an imatrix: 4.484, 4.707 and 4.661 GB with 7,838,304 of metadata
    eight = model("R1-Distill-Llama-8B")
    for name, published in (("IQ4_XS", "4.484"), ("IQ4_NL", "4.707"), ("Q4_0", "4.661"), ("IQ3_XXS", "3.394")):
        weights = stock_weights(eight.architecture, eight.shape, name, imatrix=False)
        assert f"{(weights.total_bytes + 7_838_304) / 1e9:.3f}" == published
