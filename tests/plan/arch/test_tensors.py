"""The tensors of each architecture's layers."""

from __future__ import annotations

import pytest

from r1plan.catalog.model import Model
from r1plan.plan.arch.tensors import layer_tensors, nextn_tensors, outer_tensors
from tests.plan.catalogue import model
from tests.plan.deepseek32 import V32, V32_ALONE

QWEN2, QWEN3, LLAMA = model("R1-Distill-Qwen-7B"), model("R1-0528-Qwen3-8B"), model("R1-Distill-Llama-8B")
R1 = model("DeepSeek-R1")


def names(of: Model, *, expert_layer: bool = False) -> set[str]:
    return {each.name for each in layer_tensors(of.architecture, of.shape, expert_layer=expert_layer)}


def test_what_tells_the_dense_architectures_apart() -> None:
    shared = names(LLAMA)
    assert names(QWEN2) - shared == {"attn_q.bias", "attn_k.bias", "attn_v.bias"}
    assert names(QWEN3) - shared == {"attn_q_norm.weight", "attn_k_norm.weight"}
    assert [each.name for each in outer_tensors("llama", LLAMA.shape)][-1] == "rope_freqs.weight"


def test_an_expert_layer_has_a_router_and_its_correction() -> None:
    both = names(R1) & names(R1, expert_layer=True)
    assert {"ffn_gate_inp.weight", "exp_probs_b.bias", "ffn_down_shexp.weight"} <= names(R1, expert_layer=True) - both
    assert names(R1) - both == {"ffn_gate.weight", "ffn_up.weight", "ffn_down.weight"}


@pytest.mark.parametrize("expert_layer", [False, True])
def test_v32_has_an_indexer_in_every_layer_and_else_what_r1_has(expert_layer: bool) -> None:
    more = names(V32, expert_layer=expert_layer) - names(R1, expert_layer=expert_layer)
    weights = {f"indexer.{each}.weight" for each in ("attn_k", "attn_q_b", "k_norm", "proj")}
    assert more == weights | {"indexer.k_norm.bias"}
    indexer = [each for each in layer_tensors("deepseek32", V32.shape, expert_layer=expert_layer) if each.name in more]
    assert sum(each.elements for each in indexer) == 13_959_424


def test_the_block_that_predicts_further_tokens_is_an_expert_layer_and_more() -> None:
    block = nextn_tensors("deepseek32", V32.shape)
    assert {each.name for each in block} > names(V32, expert_layer=True)
    assert len(block) == 29
    assert sum(each.elements for each in block) == pytest.approx(13.48e9, rel=1e-3)


def test_a_layer_is_the_same_whether_or_not_such_a_block_follows() -> None:
    assert names(V32, expert_layer=True) == names(V32_ALONE, expert_layer=True)


def test_v32_has_no_old_files() -> None:
    with pytest.raises(ValueError, match="attn_kv_b"):
        layer_tensors("deepseek32", V32.shape, expert_layer=True, joined_kv_b=True)
