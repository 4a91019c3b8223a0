"""`r1plan models list`, as a person and a program call it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from r1plan.cli.models.command import app
from tests.models.store.stores import header, hugging_face, ollama, tiny_shards


def listed(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["list", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def document(*arguments: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(listed(*arguments, "--json"))
    assert fields["schema"] == "r1plan.models/1"
    return fields


@pytest.fixture
def stores(home: Path) -> Path:
    """A 1.5B in Ollama's store, R1 at a size that fits nowhere in Hugging Face's cache, and a page in LM Studio's."""
    home.mkdir()
    ollama(home / ".ollama/models", "deepseek-r1:1.5b", header(home / "a.gguf", "R1-Distill-Qwen-1.5B"))
    repository, name = "unsloth/DeepSeek-R1-GGUF", "DeepSeek-R1-F16.gguf"
    hugging_face(home / ".cache/huggingface/hub", repository, name, header(home / "b.gguf", "DeepSeek-R1", "F16"))
    page = home / ".lmstudio/models/a/b/page.gguf"
    page.parent.mkdir(parents=True)
    page.write_bytes(b"<html>")
    return home


def test_a_machine_without_models_is_told_what_there_is(home: Path) -> None:
    assert " ".join(listed().split()) == (
        "No model is here: no store of models was found. r1plan models pull fetches the one that recommend chooses, "
        "r1plan models list --known lists what there is."
    )
    assert document()["models"] == []


def test_all_names_of_a_blob_are_said(home: Path) -> None:
    home.mkdir()
    blob = ollama(home / ".ollama/models", "mine:latest", tiny_shards(home / "one", count=1)[0])
    manifests = home / ".ollama/models/manifests/registry.ollama.ai/library"
    (manifests / "yours").mkdir()
    (manifests / "yours/7b").write_bytes((manifests / "mine/latest").read_bytes())
    assert blob.exists()
    assert "  Ollama's store: mine:latest, yours:7b" in listed().splitlines()


def test_each_model_has_what_it_needs_here_and_where_it_lies(stores: Path) -> None:
    small, large, page = document()["models"]
    assert (small["id"], small["quant"], small["state"], small["fits"]) == (
        "R1-Distill-Qwen-1.5B",
        "Q4_K_M",
        "ready",
        True,
    )
    assert small["needs_bytes"] > small["bytes"] > 1_000_000_000
    assert (small["store"], small["names"], small["last_used"]) == ("ollama", ["deepseek-r1:1.5b"], None)
    assert Path(small["path"]).is_relative_to(stores / ".ollama")
    assert (large["id"], large["fits"]) == ("DeepSeek-R1", False)
    assert (page["state"], page["fits"], page["problem"]) == (
        "not_a_model",
        None,
        "page.gguf is a web page, not a model",
    )


def test_a_person_reads_the_answer_first_and_where_each_file_is(stores: Path) -> None:
    lines = listed().splitlines()
    assert lines[0].startswith("2 models here, in 3 stores, ")
    assert lines[0].endswith("; 1 of them fits this machine.")
    assert any(line.startswith("R1-Distill-Qwen-1.5B") and "yes, " in line for line in lines)
    assert any("a web page" in line for line in lines)
    assert "  Ollama's store: deepseek-r1:1.5b" in lines
    assert "  Hugging Face's cache: unsloth/DeepSeek-R1-GGUF/DeepSeek-R1-F16.gguf" in lines
    whole = listed().replace("\n  ", "")
    assert whole.count(f"Ollama's store: {stores}/.ollama/models") == 1


def test_thirty_files_with_long_names_take_no_more_than_three_lines_each(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for number in range(15):
        repository, name = f"someone-with-a-name/DeepSeek-R1-Distill-Qwen-1.5B-{number:02}-GGUF", f"f{number}.gguf"
        hugging_face(home / ".cache/huggingface/hub", repository, name, header(home / "a.gguf", "R1-Distill-Qwen-1.5B"))
        ollama(home / ".ollama/models", f"deepseek-r1:{number}b", header(home / "a.gguf", "R1-Distill-Qwen-1.5B"))
    lines = listed().splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 30 * 3 + 10


def test_a_long_name_gives_way_where_the_heads_would_not_fit(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = "Some-Long-Name-DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M.gguf"
    (home / "data/models").mkdir(parents=True, exist_ok=True)
    (home / "data/models" / long).write_bytes(b"text")
    heads = next(line for line in listed().splitlines() if line.startswith("model "))
    assert heads.split()[-2:] == ["last", "used"]
    assert len(heads) <= 80
    shown = next(line for line in listed().splitlines() if line.startswith("…"))
    assert "Distill-Qwen-1.5B-Q4_K_M.gguf" in shown


def test_when_a_model_was_used_last_is_what_the_log_says(home: Path) -> None:
    header(home / "data/models/R1-Distill-Qwen-1.5B-Q4_K_M.gguf", "R1-Distill-Qwen-1.5B")
    logs = home / "data/logs"
    logs.mkdir()
    times = [datetime(2026, 11, day, 12, tzinfo=UTC).isoformat() for day in (3, 9)]
    rows = [
        {"schema": "r1plan.usage/1", "id": f"0{number}", "started_at": at, "ended_at": at, "provider": "local"}
        | {"model_requested": "R1-Distill-Qwen-1.5B-Q4_K_M", "status": "ok"}
        for number, at in enumerate(times)
    ]
    (logs / "2026-11.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert document()["models"][0]["last_used"] == times[1]


def test_a_split_file_is_one_row(home: Path) -> None:
    tiny_shards(home / "data/models")
    (row,) = document()["models"]
    assert (row["files"], row["state"], row["architecture"]) == (3, "ready", "qwen2")


def test_the_catalogue_says_what_fits_what_is_recommended_and_what_is_here(stores: Path) -> None:
    known = {each["id"]: each for each in document("--known")["known"]}
    small = {each["name"]: each for each in known["R1-Distill-Qwen-1.5B"]["quants"]}
    assert (small["Q4_K_M"]["here"], small["Q4_K_M"]["fits"], small["Q8_0"]["here"]) == (True, True, False)
    large = {each["name"]: each for each in known["DeepSeek-R1"]["quants"]}
    assert (large["F16"]["here"], large["F16"]["fits"]) == (True, False)
    assert sum(each["chosen"] for model in known.values() for each in model["quants"]) == 1
    assert {each["fits"] for model in known.values() for each in model["quants"] if each["engine"] != "llama.cpp"} == {
        None
    }


def test_the_catalogue_for_a_person_names_every_model_once(stores: Path) -> None:
    lines = listed("--known").splitlines()
    heads = [line.partition(":")[0] for line in lines[1:] if ": " in line and "parameters" in line]
    assert heads == [each["id"] for each in document("--known")["known"]]
    assert "(here)" in listed("--known")


def test_a_name_in_a_store_steers_no_terminal(home: Path) -> None:
    header(home / "data/models/R1-Distill-Qwen-1.5B-\x1b[2J\u202e-Q4_K_M.gguf", "R1-Distill-Qwen-1.5B")
    assert "\x1b" not in listed()
    assert "\u202e" not in listed("--json")
