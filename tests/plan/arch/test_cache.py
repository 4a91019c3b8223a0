"""What a token leaves in a layer's cache, whatever the engine."""

from __future__ import annotations

import pytest

from r1plan.catalog.model import Model
from r1plan.plan.arch.cache import CacheElements, cache_elements
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.serving.budget import kv_bytes_per_token
from tests.plan.catalogue import MODELS, model
from tests.plan.deepseek32 import V32


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(model("R1-Distill-Llama-70B"), CacheElements(8, 256), id="grouped"),
        pytest.param(model("DeepSeek-R1"), CacheElements(1, 576), id="latent"),
        pytest.param(V32, CacheElements(1, 576, 128), id="indexed"),
    ],
)
def test_a_token_leaves_so_many_numbers_a_layer(of: Model, expected: CacheElements) -> None:
    assert cache_elements(of.shape) == expected


# Of an indexer's keys vLLM keeps another type.
@pytest.mark.parametrize(
    "of", [each for each in MODELS.values() if each.shape.indexer is None], ids=lambda each: each.id
)
def test_both_engines_count_by_it(of: Model) -> None:
    expected = 2 * cache_elements(of.shape).total * of.shape.layers
    assert kv_bytes_per_cell(of.shape, "f16") == kv_bytes_per_token(of.shape, "bf16", 1) == expected


def test_v32s_cache_is_what_each_engine_makes_of_it() -> None:
    assert kv_bytes_per_cell(V32.shape, "f16") == 85_888
    assert kv_bytes_per_cell(V32.shape, "q8_0") == 45_628
    # vLLM: 656 bytes of fp8_ds_mla, or 1,152, and 132 of the indexer, on every GPU.
    assert kv_bytes_per_token(V32.shape, "fp8", 8) == 61 * (656 + 132)
    assert kv_bytes_per_token(V32.shape, "bf16", 8) == 61 * (1152 + 132)
