"""Which of the files that are here a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.catalog.load import load_models
from r1plan.models.store.find import find_here, quant_of
from r1plan.models.store.look import StoredModel, StoreListing
from tests.models.store.stores import header, hugging_face, looked, ollama, tiny_shards

SEVEN = "unsloth/DeepSeek-R1-Distill-Qwen-7B-GGUF"


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> StoreListing:
    """R1-Distill-Qwen-7B as Q4_K_M, UD-Q4_K_XL and Q8_0, a 32B that is damaged, and models that nobody knows."""
    home = tmp_path_factory.mktemp("home")
    hub, lm_studio = home / ".cache/huggingface/hub", home / ".lmstudio/models"
    hugging_face(hub, SEVEN, "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf", header(home / "a.gguf"))
    hugging_face(hub, SEVEN, "DeepSeek-R1-Distill-Qwen-7B-UD-Q4_K_XL.gguf", header(home / "b.gguf"))
    ollama(home / ".ollama/models", "deepseek-r1:7b-qwen-distill-q8_0", header(home / "c.gguf", quant="Q8_0"))
    ollama(home / ".ollama/models", "mine:latest", tiny_shards(home / "one", count=1)[0])
    ollama(home / ".ollama/models", "hf.co/bob/own-GGUF:Q8_0", tiny_shards(home / "two", count=1)[0])
    tiny_shards(lm_studio / "ann/tiny-GGUF", "tiny-model-Q8_0")
    (lm_studio / "ann/tiny-GGUF/broken.gguf").write_bytes(b"GGUF\3\0\0\0")
    (lm_studio / "ann/tiny-GGUF/page.gguf").write_bytes(b"<html>")
    return looked(home)


def found(listing: StoreListing, typed: str) -> list[str]:
    return sorted(str(quant_of(each)) for each in find_here(load_models(), typed, listing.models).usable)


ALL = ["Q4_K_M", "Q8_0", "UD-Q4_K_XL"]


@pytest.mark.parametrize(
    ("typed", "quants"),
    [
        ("R1-Distill-Qwen-7B", ALL),
        ("r1-distill-qwen-7b", ALL),
        ("deepseek-r1:7b", ALL),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", ALL),
        ("qwen 7b distill", ALL),
        ("R1-Distill-Qwen-7B:Q4_K_M", ["Q4_K_M"]),
        ("R1-Distill-Qwen-7B:q4_k_m", ["Q4_K_M"]),
        ("R1-Distill-Qwen-7B:q4", ["Q4_K_M"]),
        ("R1-Distill-Qwen-7B:UD-Q4_K_XL", ["UD-Q4_K_XL"]),
        ("R1-Distill-Qwen-7B:q8", ["Q8_0"]),
        ("R1-Distill-Qwen-7B:Q6_K", []),
        ("R1-Distill-Qwen-7B:fp8", []),
        ("R1-Distill-Qwen-32B", []),
        (f"hf:{SEVEN}", ["Q4_K_M", "UD-Q4_K_XL"]),
        (f"hf:{SEVEN}/DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf", ["Q4_K_M"]),
        ("mine", ["Q8_0"]),
        ("mine:latest", ["Q8_0"]),
        ("MINE", ["Q8_0"]),
        ("tiny-model-Q8_0", ["Q8_0"]),
        ("ann/tiny-GGUF", ["Q8_0"]),
        ("tiny-model", ["Q8_0"]),
        ("Tiny-Model", ["Q8_0"]),
        ("tiny-model:Q8_0", ["Q8_0"]),
        ("tiny-model:Q4_K_M", []),
        ("tiny-model-q8_0-00001-of-00003.gguf", ["Q8_0"]),
        ("tiny-model-q4_0-00001-of-00003.gguf", []),
        ("DeepSeek-R1-Distill-Qwen-7B-Q6_K.gguf", []),
        ("DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf", ["Q4_K_M"]),
        ("https://huggingface.co/ann/tiny-GGUF", ["Q8_0"]),
        ("hf.co/ann/tiny-GGUF/", ["Q8_0"]),
        ("ollama:mine", ["Q8_0"]),
        ("ollama run mine:latest", ["Q8_0"]),
        ("hf.co/bob/own-GGUF", ["Q8_0"]),
        ("hf.co/bob/own-GGUF:Q8_0", ["Q8_0"]),
        ("own-GGUF", ["Q8_0"]),
        ("hf.co/bob/own-GGUF:Q4_K_M", []),
        ("min", []),
        ("tiny", []),
        ("latest", []),
        ("gguf", []),
        ("", []),
        (" ", []),
        ("page", []),
    ],
)
def test_a_name_means_these_files(listing: StoreListing, typed: str, quants: list[str]) -> None:
    assert found(listing, typed) == quants


def test_a_file_that_cannot_be_used_is_told_apart(listing: StoreListing) -> None:
    here = find_here(load_models(), "broken", listing.models)
    assert (here.usable, [each.stored.path.name for each in here.unusable]) == ((), ["broken.gguf"])


def test_nothing_is_found_of_nothing() -> None:
    nothing: list[StoredModel] = []
    assert find_here(load_models(), "R1-Distill-Qwen-7B", nothing).usable == ()


def test_shards_are_given_by_the_first(listing: StoreListing) -> None:
    shards = find_here(load_models(), "tiny-model-Q8_0", listing.models).usable[0]
    assert (Path(shards.stored.path).name, shards.stored.files) == ("tiny-model-Q8_0-00001-of-00003.gguf", 3)
