"""What was fetched is called by what its header says."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.errors import EngineError
from r1plan.models.pull.content import content_name
from r1plan.models.pull.pinned import PinnedFile, PinnedModel
from r1plan.models.pull.pull import PulledFile, PulledModel
from r1plan.tiny import MODEL_PATH
from tests.catalog.ours import MODELS
from tests.models.store.stores import header, tiny_shards


def pulled(*paths: Path, repo: str = "ann/x-GGUF") -> PulledModel:
    files = tuple(PulledFile(PinnedFile(path.name, path.stat().st_size, "0" * 64), path, 0) for path in paths)
    return PulledModel(PinnedModel(repo, "main", "a" * 40, tuple(each.file for each in files)), files)


@pytest.mark.parametrize("quant", ["Q4_K_M", "Q8_0"])
def test_a_model_of_the_catalogue_is_called_by_its_id_and_quant(tmp_path: Path, quant: str) -> None:
    path = header(tmp_path / f"R1-Distill-Qwen-1.5B-{quant}.gguf", "R1-Distill-Qwen-1.5B", quant)
    assert content_name(pulled(path), MODELS.values()) == f"R1-Distill-Qwen-1.5B:{quant}"


def test_any_other_is_called_by_its_path(tmp_path: Path) -> None:
    assert content_name(pulled(MODEL_PATH), MODELS.values()) == str(MODEL_PATH)
    shards = tiny_shards(tmp_path)
    assert content_name(pulled(*shards), MODELS.values()) == str(shards[0])


def test_a_shard_that_is_another_models_is_said(tmp_path: Path) -> None:
    shards = tiny_shards(tmp_path)
    shards[1].write_bytes(shards[2].read_bytes())
    with pytest.raises(EngineError, match=r"says it is shard 3 of 3; it is the same at ann/x-GGUF\."):
        content_name(pulled(*shards), MODELS.values())
