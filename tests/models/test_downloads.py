"""A quant's files are named with their repository and bytes, all shards of it; what nobody publishes has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.catalog.model import Quant
from r1plan.models.downloads import download_of, smallest_published
from tests.catalog.ours import MODELS


def quant(model: str, name: str) -> Quant:
    return next(each for each in MODELS[model].quants if each.name == name)


@pytest.mark.parametrize(
    ("model", "name", "repo", "files"),
    [
        (
            "R1-Distill-Qwen-32B",
            "Q4_K_M",
            "bartowski/DeepSeek-R1-Distill-Qwen-32B-GGUF",
            ["DeepSeek-R1-Distill-Qwen-32B-Q4_K_M.gguf"],
        ),
        (
            "R1-Distill-Qwen-32B",
            "IQ1_S",
            "mradermacher/DeepSeek-R1-Distill-Qwen-32B-i1-GGUF",
            ["DeepSeek-R1-Distill-Qwen-32B.i1-IQ1_S.gguf"],
        ),
        (
            "R1-0528-Qwen3-8B",
            "UD-Q4_K_XL",
            "unsloth/DeepSeek-R1-0528-Qwen3-8B-GGUF",
            ["DeepSeek-R1-0528-Qwen3-8B-UD-Q4_K_XL.gguf"],
        ),
        (
            "DeepSeek-R1",
            "UD-IQ1_S",
            "unsloth/DeepSeek-R1-GGUF",
            [f"DeepSeek-R1-UD-IQ1_S/DeepSeek-R1-UD-IQ1_S-0000{number}-of-00003.gguf" for number in (1, 2, 3)],
        ),
        (
            "R1-Distill-Llama-70B",
            "Q8_0",
            "bartowski/DeepSeek-R1-Distill-Llama-70B-GGUF",
            [
                "DeepSeek-R1-Distill-Llama-70B-Q8_0/DeepSeek-R1-Distill-Llama-70B-Q8_0-00001-of-00002.gguf",
                "DeepSeek-R1-Distill-Llama-70B-Q8_0/DeepSeek-R1-Distill-Llama-70B-Q8_0-00002-of-00002.gguf",
            ],
        ),
        (
            "DeepSeek-R1-0528",
            "UD-Q2_K_XL",
            "unsloth/DeepSeek-R1-0528-GGUF",
            ["UD-Q2_K_XL/DeepSeek-R1-0528-UD-Q2_K_XL-*.gguf"],
        ),
        ("DeepSeek-R1-0528", "UD-TQ1_0", "unsloth/DeepSeek-R1-0528-GGUF", ["DeepSeek-R1-0528-UD-TQ1_0.gguf"]),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_quant_is_in_the_first_repository_that_holds_it(model: str, name: str, repo: str, files: list[str]) -> None:
    asked = quant(model, name)
    download = download_of(MODELS[model], asked)
    assert download is not None
    assert (download.repo, [each.name for each in download.files]) == (repo, files)
    assert download.bytes == asked.file_bytes
    assert [each.bytes for each in download.files] == [asked.file_bytes if len(files) == 1 else None] * len(files)
    assert download.tag == name


def test_a_quant_that_no_repository_is_known_to_hold_has_no_download() -> None:
    model = replace(MODELS["R1-Distill-Qwen-32B"], repositories=())
    assert download_of(model, quant(model.id, "Q4_K_M")) is None
    assert download_of(MODELS["DeepSeek-R1"], quant("DeepSeek-R1", "IQ1_S")) is None


def test_every_quant_that_a_repository_holds_is_one_that_its_model_has() -> None:
    for model in MODELS.values():
        names = {each.name for each in model.quants}
        for held in model.repositories:
            assert set(held.quants) <= names, held.repo
            assert set(held.shards) <= set(held.quants), held.repo
            assert ("%05d" in held.pattern) or not held.shards, held.repo


def test_every_distills_usual_quants_are_to_be_had() -> None:
    for model in MODELS.values():
        if model.recommended and model.kind != "successor":
            for name in ("Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0"):
                assert download_of(model, quant(model.id, name)), f"{model.id} {name}"


def test_the_smallest_file_of_r1_is_one_that_somebody_publishes() -> None:
    smallest = smallest_published(each for each in MODELS.values() if each.kind == "full" and each.recommended)
    assert smallest is not None
    assert (smallest[0].id, smallest[1].name) == ("DeepSeek-R1", "UD-IQ1_S")


def test_there_is_no_smallest_of_nothing() -> None:
    assert smallest_published([]) is None
