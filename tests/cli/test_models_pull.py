"""`models pull` and `models remove`, as a person calls them, with the catalogue's models and a loopback hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("huggingface_hub")

from r1plan.cli.models.command import app
from r1plan.errors import R1PlanError
from r1plan.models.downloads import download_of
from tests.catalog.ours import MODELS
from tests.cli.test_recommend import document
from tests.models.pull.hub import HubDouble, running_hub

SMALL = "R1-Distill-Qwen-1.5B"


def published(model: str) -> dict[str, list[str]]:
    """The files by quant of the repository that has a model's Q4_K_M, as the catalogue says."""
    held = {quant.name: download_of(MODELS[model], quant) for quant in MODELS[model].quants}
    repo = repository(model)
    return {name: [file.name for file in each.files] for name, each in held.items() if each and each.repo == repo}


def repository(model: str) -> str:
    usual = next(each for each in MODELS[model].quants if each.name == "Q4_K_M")
    held = download_of(MODELS[model], usual)
    assert held is not None
    return held.repo


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubDouble]:
    files = {name: name.encode() for names in published(SMALL).values() for name in names if "*" not in name}
    with running_hub(files, repository(SMALL)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.delenv("HF_HUB_CACHE", raising=False)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield running


def called(*words: str) -> Result:
    done = CliRunner().invoke(app, list(words))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def pulled(*words: str) -> dict[str, Any]:
    done = called("pull", *words, "--json")
    assert done.exit_code == 0, done.output
    fields: dict[str, Any] = json.loads(done.stdout)
    return fields


@pytest.mark.parametrize(
    "typed",
    [
        f"{SMALL}:Q4_K_M",
        f"{SMALL.lower()}:q4_k_m",
        f"{SMALL}:q4",
        "deepseek-r1:1.5b:Q4_K_M",
        f"hf:{repository(SMALL)}:Q4_K_M",
        f"{repository(SMALL)}:Q4_K_M",
        f"https://huggingface.co/{repository(SMALL)}/blob/main/{published(SMALL)['Q4_K_M'][0]}",
        f"hf:{repository(SMALL)}/{published(SMALL)['Q4_K_M'][0]}",
    ],
)
def test_a_model_at_a_quant_is_found_however_it_is_named(hub: HubDouble, typed: str) -> None:
    fields = pulled(typed)
    assert [each["name"] for each in fields["files"]] == published(SMALL)["Q4_K_M"]
    assert Path(fields["path"]).read_bytes() == hub.files[published(SMALL)["Q4_K_M"][0]]
    assert fields["schema"] == "r1plan.pull/1"
    assert fields["commit"] == hub.commit


@pytest.mark.parametrize("typed", [SMALL, f"hf:{MODELS[SMALL].hf_repo}", f"https://huggingface.co/{repository(SMALL)}"])
def test_without_a_quant_it_is_what_recommend_chooses_here(hub: HubDouble, typed: str) -> None:
    plan = document("--model", SMALL)
    options = [plan["choice"], *plan["alternatives"]]
    chosen = next(each["quant"] for each in options if each["download"] and each["download"]["repo"] == hub.repo)
    fields = pulled(typed)
    assert (fields["model"], fields["quant"]) == (SMALL, chosen)


def test_a_plan_that_recommend_printed_is_fetched(hub: HubDouble, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(document("--model", SMALL, "--quant", "Q4_K_M")))
    fields = pulled(str(plan))
    assert (fields["model"], fields["quant"], fields["repo"]) == (SMALL, "Q4_K_M", hub.repo)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no plan"),
        ('{"choice": null}', "holds no plan"),
        ('{"choice": {"model": "M", "quant": "Q", "download": null}}', "does not say where M:Q"),
        (
            '{"choice": {"model": "M", "quant": "Q", "download": '
            '{"repo": "a/b", "revision": null, "files": [{"name": "../x"}]}}}',
            "does not say where M:Q",
        ),
    ],
)
def test_a_file_that_is_no_plan_is_said(hub: HubDouble, tmp_path: Path, text: str, message: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    with pytest.raises(R1PlanError, match=message):
        called("pull", str(plan))


def test_the_path_and_the_one_command_are_printed(hub: HubDouble) -> None:
    done = called("pull", f"{SMALL}:Q8_0")
    path, command = done.stdout.splitlines()
    assert Path(path).exists()
    assert command == f"Run it: r1plan chat --model {path}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["r1-tiny"], "r1-tiny is inside the package"),
        (["no-such-model"], "unknown model 'no-such-model'"),
        ([f"{SMALL}:Q9_X"], "unknown model .*:Q9_X"),
        ([f"{SMALL}:Q4_K_M", "--quant", "Q8_0"], "two quants"),
        (["hf:x"], "is no address at Hugging Face"),
        (["hf:a/b/../c"], "is no address at Hugging Face"),
        (["hf:a/b/c.gguf", "--quant", "Q8_0"], "the file is one quant"),
        (["nobody/nothing"], "has no public repository nobody/nothing"),
        (["."], "is a folder"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(hub: HubDouble, words: list[str], message: str) -> None:
    with pytest.raises(R1PlanError, match=message) as error:
        called("pull", *words)
    assert error.value.hint
    assert hub.sent_bytes == 0


def test_a_file_that_is_here_is_not_fetched(hub: HubDouble, tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"x")
    with pytest.raises(R1PlanError, match="is a file on this machine already"):
        called("pull", str(tmp_path / "a.gguf"))


@pytest.mark.parametrize("typed", [SMALL, f"{SMALL}:Q4_K_M", f"{SMALL}:q4", repository(SMALL)])
def test_what_was_pulled_is_removed_by_its_name(hub: HubDouble, typed: str, tmp_path: Path) -> None:
    pulled(f"{SMALL}:Q4_K_M")
    with pytest.raises(R1PlanError, match="nothing was removed") as error:
        called("remove", typed)
    assert error.value.hint == "add --yes to remove it"
    fields = json.loads(called("remove", typed, "--yes", "--json").stdout)
    assert [each["name"] for each in fields["files"]] == published(SMALL)["Q4_K_M"]
    assert not list((tmp_path / "hf").rglob("blobs/*"))


def test_another_quant_stays(hub: HubDouble) -> None:
    pulled(f"{SMALL}:Q4_K_M")
    pulled(f"{SMALL}:Q8_0")
    assert called("remove", f"{SMALL}:Q4_K_M", "--yes").stdout.startswith("removed ")
    assert pulled(f"{SMALL}:Q8_0")["fetched_bytes"] == 0
    assert pulled(f"{SMALL}:Q4_K_M")["fetched_bytes"] > 0
