"""The weights of DeepSeek-V4: published files to the byte, and what no quantiser touches."""

from __future__ import annotations

import pytest

from r1plan.catalog.model import Model
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES, QuantizeRecipe
from tests.plan.deepseek4 import V4_FLASH, V4_PRO, V4_SMALL

# unsloth/DeepSeek-V4-Flash-0731-GGUF and unsloth/DeepSeek-V4-Pro-0813-GGUF: all files of a quant together.
PUBLISHED = [
    (V4_FLASH, "UD-Q4_K_XL", 155_095_241_120),
    (V4_FLASH, "UD-Q8_K_XL", 161_869_615_520),
    (V4_PRO, "UD-Q4_K_XL", 849_683_927_055),
    (V4_PRO, "UD-Q8_K_XL", 873_445_601_295),
]
# What lies before the tensors: names, and the tokenizer of 129,280 tokens.
HEADERS = {V4_FLASH.id: 5_343_584, V4_PRO.id: 5_382_351}


@pytest.mark.parametrize(("model", "quant", "size"), PUBLISHED, ids=lambda each: getattr(each, "id", str(each)))
def test_a_published_file_is_as_long_as_its_tensors_and_one_header(model: Model, quant: str, size: int) -> None:
    assert stock_weights("deepseek4", model.shape, quant).total_bytes == size - HEADERS[model.id]


@pytest.mark.parametrize("quant", ["MXFP4", "UD-Q4_K_XL", "UD-Q8_K_XL", *BASE_TYPES])
def test_the_router_and_the_tables_stay_as_they_are_in_every_quant(quant: str) -> None:
    recipe = QuantizeRecipe(quant, "deepseek4", V4_SMALL.shape)
    types = {(layer, tensor.name): type_ for layer in range(7) for tensor, type_ in recipe.layer(layer)}
    assert {types[layer, "ffn_gate_inp.weight"] for layer in range(7)} == {"BF16"}
    assert {key: type_ for key, type_ in types.items() if "tid2eid" in key[1]} == {
        (layer, "ffn_gate_tid2eid.weight"): "I32" for layer in range(2)
    }
    assert [layer for layer in range(7) if (layer, "exp_probs_b.bias") in types] == [2, 3, 4, 5, 6]


def test_a_layer_holds_what_its_ratio_asks_for() -> None:
    names = [{t.name for t in QuantizeRecipe("MXFP4", "deepseek4", V4_SMALL.shape).tensors(n)} for n in range(3)]
    summary, indexed, window = names
    assert {name for name in summary - window if "compressor" in name} == {
        f"attn_compressor_{part}.weight" for part in ("kv", "gate", "ape", "norm")
    }
    assert {name for name in indexed - summary if "tid2eid" not in name} == {
        *(f"indexer_compressor_{part}.weight" for part in ("kv", "gate", "ape", "norm")),
        "indexer.proj.weight",
        "indexer.attn_q_b.weight",
    }


def test_flash_has_the_1328_tensors_that_its_files_print_and_pro_1894() -> None:
    for model, number in ((V4_FLASH, 1328), (V4_PRO, 1894)):
        recipe = QuantizeRecipe("MXFP4", "deepseek4", model.shape)
        layers = sum(len(recipe.tensors(layer)) for layer in range(model.shape.layers))
        assert len(list(recipe.outer())) + layers == number
