"""A plan says where its files are to be had, the one line that fetches and runs them, and what R1 itself would need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from r1plan.catalog.model import Repository
from r1plan.deploy.llama_cpp import serve_command
from r1plan.models.downloads import download_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins
from r1plan.plan.plan import R1Beside
from r1plan.render.plan.model_lines import (
    checkpoint_document,
    checkpoint_to_get,
    download_document,
    r1_fields,
    r1_text,
    where_to_get,
)
from r1plan.units import GIB
from tests.plan.catalogue import MODELS, card, machine, plan


def option(model: str, quant: str, **pins: Any) -> Option:
    found = plan(machine(card(24), ram=512), pins=Pins(model=model, quant=quant, context=8_192, **pins)).choice
    assert found is not None
    return found


def at(found: Option, *held: Repository) -> Option:
    return replace(found, model=replace(found.model, repositories=held))


@pytest.mark.parametrize(
    ("model", "quant", "pins", "command"),
    [
        (
            "R1-Distill-Qwen-7B",
            "Q4_K_M",
            {},
            "llama-server -hf bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF:Q4_K_M --ctx-size 8192 --parallel 1 "
            "--gpu-layers 29",
        ),
        (
            "R1-Distill-Qwen-7B",
            "Q4_K_M",
            {"runtime": "llama-server"},
            "llama-server -hf bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF:Q4_K_M --ctx-size 8192 --gpu-layers 29",
        ),
        (
            "R1-Distill-Qwen-7B",
            "Q4_K_M",
            {"slots": 2},
            "llama-server -hf bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF:Q4_K_M --ctx-size 16384 --parallel 2 "
            "--gpu-layers 29",
        ),
        (
            "R1-0528-Qwen3-8B",
            "UD-Q4_K_XL",
            {"gpu_layers": 0, "kv_type": "f16"},
            "llama-server -hf unsloth/DeepSeek-R1-0528-Qwen3-8B-GGUF:UD-Q4_K_XL --ctx-size 8192 --parallel 1 "
            "--gpu-layers 0",
        ),
    ],
    ids=["a plain context", "the server's own slots", "two slots", "a dynamic file"],
)
def test_one_line_fetches_the_file_and_runs_it_as_planned(
    model: str, quant: str, pins: dict[str, Any], command: str
) -> None:
    assert serve_command(option(model, quant, **pins)) == command


def test_a_file_on_this_disk_is_run_and_not_fetched() -> None:
    here = at(option("R1-Distill-Qwen-7B", "Q4_K_M"), Repository(repo="", pattern="/m/a b.gguf", quants=("Q4_K_M",)))
    assert (serve_command(here) or "").startswith("llama-server --model '/m/a b.gguf' --ctx-size 8192 ")
    assert where_to_get(here.model, here.quant) == "The file: /m/a b.gguf (4.7 GB)."
    document = download_document(download_of(here.model, here.quant), None)
    assert document is not None
    assert document["repo"] is None


def test_a_file_that_was_named_in_a_repository_is_fetched_by_its_name() -> None:
    there = at(option("R1-Distill-Qwen-7B", "Q4_K_M"), Repository(repo="o/r", pattern="x/y.gguf", quants=("Q4_K_M",)))
    assert (serve_command(there) or "").startswith("llama-server --hf-repo o/r --hf-file x/y.gguf --ctx-size 8192 ")


def test_where_no_repository_is_known_it_is_said_where_to_look() -> None:
    nowhere = at(option("R1-Distill-Qwen-7B", "Q4_K_M"))
    assert serve_command(nowhere) is None
    assert download_document(download_of(nowhere.model, nowhere.quant), None) is None
    assert where_to_get(nowhere.model, nowhere.quant) == (
        "No repository that r1plan knows holds Q4_K_M of R1-Distill-Qwen-7B: look at "
        "https://huggingface.co/models?search=DeepSeek-R1-Distill-Qwen-7B+GGUF, or make it with llama-quantize."
    )


@pytest.mark.parametrize(
    ("model", "quant", "line"),
    [
        (
            "R1-Distill-Qwen-32B",
            "Q4_K_M",
            "Get it: bartowski/DeepSeek-R1-Distill-Qwen-32B-GGUF, DeepSeek-R1-Distill-Qwen-32B-Q4_K_M.gguf (19.9 GB).",
        ),
        (
            "DeepSeek-R1",
            "UD-IQ1_S",
            "Get it: unsloth/DeepSeek-R1-GGUF, 3 files from DeepSeek-R1-UD-IQ1_S/"
            "DeepSeek-R1-UD-IQ1_S-00001-of-00003.gguf on (140.2 GB).",
        ),
        (
            "DeepSeek-R1-0528",
            "UD-Q2_K_XL",
            "Get it: unsloth/DeepSeek-R1-0528-GGUF, UD-Q2_K_XL/DeepSeek-R1-0528-UD-Q2_K_XL-*.gguf (251.0 GB).",
        ),
    ],
)
def test_the_last_line_names_repository_files_and_bytes(model: str, quant: str, line: str) -> None:
    known = MODELS[model]
    assert where_to_get(known, next(each for each in known.quants if each.name == quant)) == line


def test_a_programs_document_names_every_shard() -> None:
    found = option("R1-Distill-Llama-70B", "Q8_0")
    document = download_document(download_of(found.model, found.quant), "x")
    name = "DeepSeek-R1-Distill-Llama-70B-Q8_0"
    assert document == {
        "repo": "bartowski/DeepSeek-R1-Distill-Llama-70B-GGUF",
        "revision": None,
        "files": [{"name": f"{name}/{name}-0000{shard}-of-00002.gguf", "bytes": None} for shard in (1, 2)],
        "bytes": found.quant.file_bytes,
        "command": "x",
        "pull_command": None,
        "chat_command": None,
    }


def test_a_checkpoint_is_named_and_fetched_by_its_server() -> None:
    said = checkpoint_to_get("owner/name", MODELS["DeepSeek-R1"], "FP8")
    assert said == "Get it: owner/name; vLLM fetches it when it starts."
    assert checkpoint_document("owner/name", "vllm serve owner/name") == {
        "repo": "owner/name",
        "revision": None,
        "files": [],
        "bytes": None,
        "command": "vllm serve owner/name",
        "pull_command": None,
        "chat_command": None,
    }


def test_of_a_checkpoint_that_nobody_is_known_to_have_it_is_said_where_to_look() -> None:
    assert checkpoint_document(None, None) is None
    assert checkpoint_to_get(None, MODELS["DeepSeek-R1"], "MXFP8") == (
        "No repository that r1plan knows holds DeepSeek-R1 in MXFP8: look at "
        "https://huggingface.co/models?search=DeepSeek-R1+MXFP8."
    )


@pytest.mark.parametrize(
    ("memory_gib", "tok_s", "line"),
    [
        (64, None, "A distill, not R1 (671B) itself: that takes 131 GiB (UD-IQ1_S), 64 are free."),
        (130, None, "A distill, not R1 (671B) itself: that takes 131 GiB (UD-IQ1_S), 130 are free."),
        (512, None, "A distill, not R1 (671B) itself: that takes 131 GiB (UD-IQ1_S), see --model R1."),
        (512, 3.14159, "A distill, not R1 (671B) itself, which makes about 3.1 tok/s here (--model R1)."),
    ],
)
def test_a_distill_is_said_not_to_be_r1_in_one_line(memory_gib: int, tok_s: float | None, line: str) -> None:
    said = r1_text(R1Beside("DeepSeek-R1:UD-IQ1_S", 140_225_682_214, memory_gib * GIB, tok_s))
    assert said == line
    assert len(said) <= 80


def test_a_programs_document_says_what_r1_needs() -> None:
    assert r1_fields(R1Beside("DeepSeek-R1:UD-IQ1_S", 140_225_682_214, 64 * GIB, 3.14159)) == {
        "id": "DeepSeek-R1:UD-IQ1_S",
        "weights_bytes": 140_225_682_214,
        "memory_bytes": 64 * GIB,
        "decode_tok_s": 3.14,
    }
    assert r1_fields(None) is None
