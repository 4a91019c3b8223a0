"""DeepSeek-V4 and V3.2 as the engine's dry run has them; `python -m tests.oracle.random_settings` tries many more."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from r1plan.catalog.model import Model
from r1plan.models.gguf.file import read_gguf
from r1plan.models.gguf.source import LocalFile
from r1plan.plan.llamacpp.weights.layers import stock_weights
from tests.oracle.dry_run import dry_run
from tests.oracle.gguf_writer import write_header
from tests.oracle.random_settings import differences, some_settings, wrong
from tests.plan.deepseek4 import V4_FLASH, V4_PRO, V4_SMALL
from tests.plan.deepseek32 import V32, V32_SMALL


@pytest.mark.parametrize(
    ("model", "number"),
    [(V4_SMALL, 16), (V4_FLASH, 2), (V4_PRO, 1), (V32_SMALL, 8), (V32, 1)],
    ids=lambda each: getattr(each, "id", str(each)),
)
def test_cache_state_and_compute_buffer_are_the_engines(model: Model, number: int, tmp_path: Path) -> None:
    found = []
    with dry_run(write_header(tmp_path / "model.gguf", model, "Q8_0")) as engine:
        for settings, context in some_settings(Random(model.id), number, model.context_max):
            if differ := wrong(differences(engine, model, settings, context)):
                found.append((settings, context, differ))
    assert found == []


@pytest.mark.parametrize("quant", ["MXFP4", "UD-Q4_K_XL", "UD-Q8_K_XL", "Q4_K_M", "IQ1_S"])
@pytest.mark.parametrize("model", [V4_FLASH, V4_PRO, V4_SMALL], ids=lambda model: model.id)
def test_the_weights_are_the_engines_but_for_padding(model: Model, quant: str, tmp_path: Path) -> None:
    path = write_header(tmp_path / "model.gguf", model, quant)
    expected = stock_weights("deepseek4", model.shape, quant).total_bytes
    assert read_gguf(LocalFile(path)).tensor_bytes == expected
    with dry_run(path) as engine:
        # A file pads each tensor to 32 bytes, of which vectors of three numbers are short; the engine adds bare sizes.
        assert 0 <= expected - engine.weights_bytes() < 32 * 2 * (model.shape.layers + 1) * 2
