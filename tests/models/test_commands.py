"""`--model FILE`, `--model hf:…` and `models inspect`, as a person calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from r1plan.cli.models import app
from tests.cli.test_recommend import document, r1plan
from tests.models.hub.server import REPOSITORY, hub
from tests.oracle.gguf_writer import write_header
from tests.plan.catalogue import model, quant

EXAMPLE = "hf:unsloth/DeepSeek-R1-Distill-Qwen-7B-GGUF"
CARD = ("--gpu", "rtx-4090", "--ram", "512")


@pytest.fixture
def r1(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return write_header(folder / "DeepSeek-R1-Q4_K_M.gguf", model("DeepSeek-R1"), "Q4_K_M", splits=4)


@pytest.fixture
def address(r1: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with hub(r1.parent) as server:
        monkeypatch.setenv("R1PLAN_HF_BASE_URL", server.url)
        yield f"hf:{REPOSITORY}"


def inspected(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["inspect", *arguments, "--json"])
    assert done.exit_code == 0, done.output
    fields: dict[str, Any] = json.loads(done.output)
    return fields


def test_a_file_is_planned_for_as_the_catalogues_own(r1: Path) -> None:
    by_file = document("--model", str(r1), *CARD)
    by_id = document("--model", "DeepSeek-R1", "--quant", "Q4_K_M", *CARD)
    assert by_file["choice"]["id"] == "DeepSeek-R1:Q4_K_M"
    assert by_file["choice"]["memory"] == by_id["choice"]["memory"]


def test_a_remote_file_is_planned_for_as_the_local_one(r1: Path, address: str) -> None:
    local = document("--model", str(r1), *CARD)
    assert document("--model", address, *CARD)["choice"] == local["choice"]
    assert document("--model", f"{address}/{r1.name}", *CARD)["choice"] == local["choice"]


def test_a_file_that_does_not_fit_ends_with_3(r1: Path) -> None:
    done = r1plan("--model", str(r1), "--gpu", "rtx-4090", "--ram", "64")
    assert done.returncode == 3
    assert "DeepSeek-R1:Q4_K_M does not fit" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--model", "nothing.gguf"), 1, "nothing.gguf is not there"),
        (("--model", "hf:nothing"), 2, "'hf:nothing' is no address"),
        (("--model", "{r1}", "--quant", "Q8_0"), 2, "--quant Q8_0"),
    ],
)
def test_a_wrong_file_is_one_sentence(arguments: tuple[str, ...], code: int, said: str, r1: Path) -> None:
    done = r1plan(*(each.format(r1=r1) for each in arguments), *CARD)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cache_of_an_old_file_is_said_to_be_large(tmp_path: Path) -> None:
    path = write_header(tmp_path / "DeepSeek-R1-Q4_K_M.gguf", model("DeepSeek-R1"), "Q4_K_M", joined_kv_b=True)
    done = r1plan("--model", str(path), "--context", "4096", "--cpu-only", "--ram", "512")
    assert done.returncode == 0
    assert "71 times as much" in done.stderr


def test_inspect_says_where_the_bytes_lie(r1: Path) -> None:
    fields = inspected(str(r1))
    assert fields["schema"] == "r1plan.model_file/1"
    assert (fields["id"], fields["quant"], fields["known"], fields["shards"]) == ("DeepSeek-R1", "Q4_K_M", True, 4)
    parts = [fields[f"{each}_bytes"] for each in ("embedding", "output", "trunk", "expert")]
    assert sum(parts) == fields["tensor_bytes"] == sum(fields["types"].values())
    assert sum(each["expert_bytes"] for each in fields["layers"]) == fields["expert_bytes"] == 393_983_557_632
    assert fields["has_mla_keys"] is True


def test_inspect_reads_a_repository(r1: Path, address: str) -> None:
    assert inspected(address) == inspected(str(r1))


def test_inspect_in_words(tmp_path: Path) -> None:
    path = write_header(tmp_path / "R1-Distill-Qwen-7B-Q4_K_M.gguf", model("R1-Distill-Qwen-7B"), "Q4_K_M")
    done = CliRunner().invoke(app, ["inspect", str(path)])
    assert quant("R1-Distill-Qwen-7B", "Q4_K_M").tensor_bytes == 4_677_120_000
    assert done.output.splitlines() == [
        "R1-Distill-Qwen-7B at Q4_K_M: 4.4 GiB of weights, 4.91 bits each.",
        "",
        "file       R1-Distill-Qwen-7B-Q4_K_M.gguf, 1 file, 4.4 GiB",
        "model      qwen2, 7.6B parameters, 28 layers, context 131,072",
        "embedding  292 MiB, in main memory",
        "layers     3.7 GiB",
        "output     426 MiB",
        "types      Q4_K 73 %, Q6_K 27 %, F32 0 %",
    ]


def test_inspect_ends_its_help_with_an_example() -> None:
    done = CliRunner().invoke(app, ["inspect", "--help"])
    assert " ".join(done.output.split()).endswith(f"Example: r1plan models inspect {EXAMPLE} --quant Q4_K_M")


def test_a_name_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    path = write_header(
        tmp_path / "\x1b[2Jx.gguf", model("R1-Distill-Qwen-7B"), "Q8_0", extra={"general.name": "\x1b[1m"}
    )
    done = CliRunner().invoke(app, ["inspect", str(path)])
    assert done.exit_code == 0
    assert "\x1b" not in done.output
