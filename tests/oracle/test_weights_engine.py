"""The engine's own sum of a file's tensors, from header-only files of each model's true shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.models.gguf.file import read_gguf
from r1plan.models.gguf.source import LocalFile
from r1plan.plan.llamacpp.weights.layers import stock_weights, unloaded_bytes
from tests.oracle.dry_run import dry_run
from tests.oracle.gguf_writer import write_header
from tests.oracle.quantize_types import distinct_shapes
from tests.plan.deepseek32 import V32, V32_ALONE


def engine_bytes(path: Path) -> int:
    """What llama.cpp counts without allocating anything."""
    with dry_run(path) as engine:
        return engine.weights_bytes()


@pytest.mark.parametrize("quant", ["F16", "BF16", "Q8_0", "Q4_K_M", "Q2_K", "IQ1_S", "IQ4_XS", "TQ1_0"])
@pytest.mark.parametrize("each", [*distinct_shapes(), V32, V32_ALONE], ids=lambda each: each.id)
def test_a_files_tensors_weigh_what_the_engine_says(each, quant: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = write_header(tmp_path / "model.gguf", each, quant)
    expected = stock_weights(each.architecture, each.shape, quant).total_bytes
    expected += unloaded_bytes(each.architecture, each.shape, quant)
    assert engine_bytes(path) == expected
    assert read_gguf(LocalFile(path)).tensor_bytes == expected


@pytest.mark.parametrize("joined", [False, True])
def test_shards_weigh_as_much_as_one_file(joined: bool, tmp_path: Path) -> None:
    r1 = next(each for each in distinct_shapes() if each.shape.latent_attention)
    path = write_header(tmp_path / "r1.gguf", r1, "Q4_K_M", splits=7, joined_kv_b=joined)
    expected = stock_weights(r1.architecture, r1.shape, "Q4_K_M", joined_kv_b=joined).total_bytes
    assert engine_bytes(path) == expected
    assert read_gguf(LocalFile(path)).tensor_bytes == expected
