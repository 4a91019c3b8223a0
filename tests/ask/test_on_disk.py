"""A model by its name, from whichever store it lies in: real files, the real engine, no copy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from r1plan.tiny import MODEL_PATH
from tests.cli.chat.test_chat import chat, log_rows
from tests.models.store.stores import header, hugging_face, ollama, tiny_shards


@pytest.fixture
def tiny(home: Path) -> Path:
    """A copy of r1-tiny's file, to be moved into a store."""
    home.mkdir()
    return Path(shutil.copy(MODEL_PATH, home / "copied.gguf"))


def answered(*words: str) -> tuple[dict[str, Any], str]:
    done = chat(*words, "--json", "--max-tokens", "4", "What is 17 + 25?")
    assert done.returncode in (0, 1), done.stderr
    fields: dict[str, Any] = json.loads(done.stdout)
    assert fields["usage"]["output_tokens"] > 0, done.stderr
    return fields, done.stderr


def test_a_blob_of_ollama_answers_by_ollamas_name(home: Path, tiny: Path) -> None:
    blob = ollama(home / ".ollama/models", "ann/mine:7m", tiny)
    for words in (("--model", "ann/mine:7m"), ("--local", "--model", "ann/mine:7m"), ("--model", str(blob))):
        fields, _ = answered(*words)
        assert fields["route"]["provider"] == "local"
    assert {row["model_requested"] for row in log_rows(home)} == {"ann/mine:7m", blob.stem}


def test_a_file_of_hugging_faces_cache_answers_by_its_repository(home: Path, tiny: Path) -> None:
    hugging_face(home / ".cache/huggingface/hub", "ann/tiny-GGUF", "tiny-Q8_0.gguf", tiny)
    _, said = answered("--model", "hf:ann/tiny-GGUF")
    assert "ann/tiny-GGUF/tiny-Q8_0.gguf answers, from Hugging Face's cache: " in said


def test_a_file_of_a_store_answers_by_its_own_name(home: Path, tiny: Path) -> None:
    hugging_face(home / ".cache/huggingface/hub", "ann/tiny-GGUF", "tiny-Q8_0.gguf", tiny)
    _, said = answered("--model", "tiny-Q8_0.gguf")
    assert "ann/tiny-GGUF/tiny-Q8_0.gguf answers, from Hugging Face's cache: " in said
    assert "there is no file 'tiny-Q4_0.gguf'" in chat("--model", "tiny-Q4_0.gguf", "x").stderr


@pytest.mark.parametrize("number", [0, 2], ids=["first", "last"])
def test_a_split_file_answers_by_any_of_its_shards(home: Path, number: int) -> None:
    shards = tiny_shards(home / "split")
    fields, _ = answered("--model", str(shards[number]))
    assert fields["route"]["provider"] == "local"


def explained(*words: str) -> tuple[str, str]:
    done = chat("--explain", *words, "x")
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_of_several_quants_the_best_that_fits_is_taken_and_the_others_are_said(home: Path) -> None:
    folder = home / "data/models"
    for quant in ("IQ1_S", "Q4_K_M", "F16"):
        header(folder / f"R1-Distill-Qwen-1.5B-{quant}.gguf", "R1-Distill-Qwen-1.5B", quant)
    _, said = explained("--model", "R1-Distill-Qwen-1.5B")
    assert said.startswith("R1-Distill-Qwen-1.5B:Q4_K_M answers, from r1plan's own folder: ")
    assert "Also here: R1-Distill-Qwen-1.5B:F16, R1-Distill-Qwen-1.5B:IQ1_S." in said
    _, said = explained("--model", "deepseek-r1:1.5b", "--local")
    assert said.startswith("R1-Distill-Qwen-1.5B:Q4_K_M answers")
    _, said = explained("--model", "R1-Distill-Qwen-1.5B:IQ1_S")
    assert said.startswith("R1-Distill-Qwen-1.5B:IQ1_S answers")


def test_where_none_fits_into_memory_the_smallest_is_read_from_the_disk(home: Path) -> None:
    for quant in ("Q8_0", "F16"):
        header(home / f"data/models/DeepSeek-R1-{quant}.gguf", "DeepSeek-R1", quant)
    _, said = explained("--model", "DeepSeek-R1")
    assert said.startswith("DeepSeek-R1:Q8_0 answers")
    assert "Also here: DeepSeek-R1:F16." in said


@pytest.mark.parametrize("words", [("R1-Distill-Qwen-1.5B",), ("R1-Distill-Qwen-7B:Q8_0",), ("hf:ann/tiny-GGUF",)])
def test_a_model_that_is_not_here_says_how_it_is_had(home: Path, words: tuple[str, ...]) -> None:
    header(home / "data/models/R1-Distill-Qwen-7B-Q4_K_M.gguf")
    done = chat("--model", *words, "x")
    assert done.returncode == 1
    assert "is not on this machine" in done.stderr
    assert "r1plan models pull " in done.stderr


def test_a_download_that_has_not_ended_is_said(home: Path) -> None:
    blobs = home / ".cache/huggingface/hub/models--ann--tiny-GGUF/blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{'a' * 64}.incomplete").write_bytes(b"GGUF")
    done = chat("--model", "hf:ann/tiny-GGUF", "x")
    assert done.returncode == 1
    assert "hf:ann/tiny-GGUF is here, and its download has not ended" in done.stderr


def test_what_a_provider_sells_is_asked_there_without_a_look_at_the_disk(home: Path) -> None:
    ollama(home / ".ollama/models", "deepseek-flash:latest", None)
    done = chat("--explain", "--model", "deepseek/deepseek-flash", "x", DEEPSEEK_API_KEY="x")
    assert done.returncode == 0, done.stderr
    assert "deepseek/deepseek-flash" in done.stdout
