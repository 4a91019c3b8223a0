"""`--model FILE`, `--model hf:…` and `models inspect`, as a person calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from r1plan.cli.models.command import app
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.units import MIB
from tests.cli.test_recommend import document, r1plan
from tests.models.hub.server import REPOSITORY, hub
from tests.oracle.dry_run import dry_run
from tests.oracle.gguf_writer import write_header
from tests.plan.catalogue import model, quant
from tests.plan.deepseek32 import V32

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
    local = document("--model", str(r1), *CARD)["choice"]
    here = local.pop("download")
    for typed in (address, f"{address}/{r1.name}"):
        remote = document("--model", typed, *CARD)["choice"]
        there = remote.pop("download")
        assert remote == local
        assert (there["repo"], here["repo"]) == (address.removeprefix("hf:"), None)
        assert [each["name"] for each in there["files"]] == [Path(each["name"]).name for each in here["files"]]


def test_a_file_that_does_not_fit_ends_with_3(r1: Path) -> None:
    done = r1plan("--model", str(r1), "--gpu", "rtx-4090", "--ram", "64")
    assert done.returncode == 3
    assert "DeepSeek-R1:Q4_K_M does not fit" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--model", "nothing.gguf"), 1, "nothing.gguf is not there"),
        (("--model", "R1-Distill-Qwen-7B-q4_k_m.gguf"), 1, "without the file: --model R1-Distill-Qwen-7B:Q4_K_M"),
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


def of_another(tmp_path: Path) -> Path:
    """A file of an architecture that r1plan does not know."""
    path = tmp_path / "Phi-3-Q8_0.gguf"
    return write_header(path, model("R1-Distill-Qwen-7B"), "Q8_0", extra={"general.architecture": "phi3"})


def test_inspect_shows_a_file_of_an_unknown_architecture(tmp_path: Path) -> None:
    done = CliRunner(env={"COLUMNS": "120"}).invoke(app, ["inspect", str(of_another(tmp_path))])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "Phi-3 at Q8_0, of the architecture 'phi3', which r1plan does not know: 7.5 GiB of weights, 8.50 bits each.",
        "",
        "file       Phi-3-Q8_0.gguf, 1 file, 7.5 GiB",
        "model      phi3, 7.6B parameters, 28 layers",
        "types      Q8_0 100 %, F32 0 %",
    ]


def test_what_depends_on_an_unknown_architecture_is_null(r1: Path, tmp_path: Path) -> None:
    fields, known = inspected(str(of_another(tmp_path))), inspected(str(r1))
    assert fields.keys() == known.keys()
    assert (fields["architecture"], fields["known"], fields["quant"]) == ("phi3", False, "Q8_0")
    assert fields["tensor_bytes"] == sum(fields["types"].values())
    needs_it = {"active_params", "has_mla_keys", "read_bytes_a_token", "widest_expert_tensor_bytes", "layers"}
    needs_it |= {f"{each}_bytes" for each in ("embedding", "output", "trunk", "expert")} | {"context_max"}
    assert {name for name, value in fields.items() if value is None} == needs_it


def test_a_file_without_an_architecture_is_inspected_too(tmp_path: Path) -> None:
    path = write_header(
        tmp_path / "x.gguf", model("R1-Distill-Qwen-7B"), "Q8_0", extra={"general.architecture": "\x1b[2J"}
    )
    done = CliRunner().invoke(app, ["inspect", str(path)])
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    unnamed = write_header(tmp_path / "y.gguf", model("R1-Distill-Qwen-7B"), "Q8_0", extra={"general.architecture": 3})
    assert inspected(str(unnamed))["architecture"] is None


def test_no_plan_is_made_for_an_unknown_architecture(tmp_path: Path) -> None:
    done = r1plan("--model", str(of_another(tmp_path)), *CARD)
    assert done.returncode == 1
    assert "Phi-3-Q8_0.gguf is of the architecture 'phi3'." in done.stderr
    assert "r1plan plans for R1 and its distills: qwen2, llama, qwen3, deepseek2, deepseek32" in done.stderr


def test_no_plan_is_made_for_a_mixture_of_an_architecture_that_routes_otherwise(tmp_path: Path) -> None:
    mixture = {f"llama.expert_{key}": 8 for key in ("count", "used_count")}
    path = write_header(tmp_path / "Mixtral-Q8_0.gguf", model("R1-Distill-Llama-8B"), "Q8_0", extra={**mixture})
    done = r1plan("--model", str(path), *CARD)
    assert done.returncode == 1
    assert "a model of the architecture 'llama' with experts is not known." in done.stderr
    assert CliRunner().invoke(app, ["inspect", str(path)]).exit_code == 0


@pytest.mark.parametrize("n_ubatch", [512, 2048])
def test_a_file_of_v32_is_planned_as_the_engine_lays_it_out(n_ubatch: int, tmp_path: Path) -> None:
    path = write_header(tmp_path / "DeepSeek-V3.2-Q4_K_M.gguf", V32, "Q4_K_M")
    pins = ("--context", "32768", "--kv", "f16", "--ubatch", str(n_ubatch), "--slots", "1")
    (host,) = document("--model", str(path), "--cpu-only", "--ram", "512", *pins)["choice"]["memory"]
    with dry_run(path) as engine:
        said = engine.buffers(32_768, n_ubatch=n_ubatch)
    assert host["kv_cache_bytes"] / MIB == pytest.approx(said.kv_cache_mib, abs=0.011)
    assert host["compute_bytes"] / MIB == pytest.approx(said.compute_mib, abs=0.006)
    assert host["weights_bytes"] == stock_weights("deepseek32", V32.shape, "Q4_K_M").total_bytes
    assert host["basis"]["compute"] == "exact"


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
