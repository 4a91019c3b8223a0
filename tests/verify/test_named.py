"""What may be measured by which name: whatever a chat would open."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1plan.errors import EngineError, NotFound
from r1plan.render.verify.words import found_text
from r1plan.tiny import MODEL_PATH
from r1plan.verify.named import file_named
from tests.models.store.stores import hugging_face, ollama, tiny_shards

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def tiny(home: Path) -> Path:
    """A copy of r1-tiny's file, to be moved into a store."""
    home.mkdir()
    return Path(shutil.copy(MODEL_PATH, home / "copied.gguf"))


def test_the_demonstration_model_and_a_file_are_themselves(tiny: Path) -> None:
    assert file_named("r1-tiny", NOW) == (MODEL_PATH, None)
    assert file_named(str(tiny), NOW) == (tiny, None)


def test_a_blob_of_ollama_is_found_by_name_and_by_path(home: Path, tiny: Path) -> None:
    blob = ollama(home / ".ollama/models", "ann/mine:7m", tiny)
    path, found = file_named("ann/mine:7m", NOW)
    assert path == blob
    assert found is not None
    assert f"is measured, from Ollama's store: {blob}." in found_text(found)
    assert file_named(str(blob), NOW) == (blob, None)


def test_a_file_of_hugging_faces_cache_is_found_by_its_repository(home: Path, tiny: Path) -> None:
    hugging_face(home / ".cache/huggingface/hub", "ann/tiny-GGUF", "tiny-Q8_0.gguf", tiny)
    path, found = file_named("hf:ann/tiny-GGUF", NOW)
    assert path.name == "tiny-Q8_0.gguf"
    assert found is not None


def test_any_shard_is_the_whole(home: Path) -> None:
    shards = tiny_shards(home / "split")
    assert {file_named(str(each), NOW)[0] for each in shards} == {shards[0]}


@pytest.mark.parametrize("typed", ["./gone", "/nowhere/sha256-1", "x" * 300, "\0", ""])
def test_what_means_nothing_is_said(typed: str) -> None:
    with pytest.raises(NotFound, match="unknown model"):
        file_named(typed, NOW)


def test_a_model_that_is_not_here_says_how_it_is_had() -> None:
    with pytest.raises(EngineError, match="R1-Distill-Qwen-32B, and it is not on this machine") as caught:
        file_named("32b", NOW)
    assert "r1plan models pull R1-Distill-Qwen-32B" in (caught.value.hint or "")
