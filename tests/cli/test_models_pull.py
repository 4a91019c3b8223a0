"""`models pull` and `models remove`, as a person calls them, with the catalogue's models and a loopback hub."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("huggingface_hub")

from r1plan.cli.models.command import app
from r1plan.errors import R1PlanError
from r1plan.models.downloads import download_of
from r1plan.tiny import MODEL_PATH
from tests.catalog.ours import MODELS
from tests.cli.test_recommend import document
from tests.models.pull.hub import COMMIT, HubDouble, running_hub, tiny_model

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
    names = [name for names in published(SMALL).values() for name in names if "*" not in name]
    files = {name: tiny_model(7_400_000, seed) for seed, name in enumerate(names)}
    with running_hub(files, repository(SMALL)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.delenv("HF_HUB_CACHE", raising=False)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield running


def called(*words: str, typed: bytes = b"") -> Result:
    done = CliRunner().invoke(app, list(words), input=typed)
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
        f"hf.co/{repository(SMALL)}:Q4_K_M",
        f"https://huggingface.co/{repository(SMALL)}:q4_k_m",
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


@pytest.mark.parametrize("name", ["plan.json", "PLAN.JSON", "plan", "plan.txt"])
def test_a_plan_that_recommend_printed_is_fetched(hub: HubDouble, tmp_path: Path, name: str) -> None:
    plan = tmp_path / name
    plan.write_text(json.dumps(document("--model", SMALL, "--quant", "Q4_K_M")))
    fields = pulled(str(plan))
    assert (fields["model"], fields["quant"], fields["repo"]) == (SMALL, "Q4_K_M", hub.repo)


@pytest.mark.parametrize("words", [(), ("recommended",), ("Recommended",)], ids=str)
def test_without_a_name_it_is_the_model_that_recommend_chooses_here(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    choice = document()["choice"]
    download = choice["download"]
    files = {each["name"]: tiny_model(7_400_000) for each in download["files"]}
    with running_hub(files, download["repo"]) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        fields = pulled(*words)
    assert f"{fields['model']}:{fields['quant']}" == choice["id"]


def test_a_plan_may_come_from_standard_input(hub: HubDouble) -> None:
    plan = json.dumps(document("--model", SMALL, "--quant", "Q4_K_M")).encode()
    done = called("pull", "-", "--json", typed=plan)
    assert json.loads(done.stdout)["quant"] == "Q4_K_M"


def test_a_plan_may_come_from_a_pipe(hub: HubDouble, tmp_path: Path) -> None:
    plan = json.dumps(document("--model", SMALL, "--quant", "Q4_K_M")).encode()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(plan,))
    writer.start()
    assert pulled(str(pipe))["quant"] == "Q4_K_M"
    writer.join()


def plan_of(**download: object) -> str:
    """A plan whose choice is to be had so."""
    fields = {"repo": "a/b", "revision": None, **download}
    return json.dumps({"choice": {"model": "M", "quant": "Q", "download": fields}})


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
        ("[" * 100_000, "holds no plan"),
        ("\ud800", "holds no plan"),
        ("[1]", "holds no plan"),
        ('{"choice": {"model": "M", "quant": "Q", "download": {"repo": "a", "revision": 1, "files": []}}}', "M:Q"),
        (plan_of(files=[{"name": "x.gguf"}] * 501), "does not say where M:Q"),
        (plan_of(revision="../x", files=[{"name": "x.gguf"}]), "does not say where M:Q"),
        (plan_of(repo="a/b/c", files=[{"name": "x.gguf"}]), "does not say where M:Q"),
        (plan_of(files=[{"name": 7}]), "does not say where M:Q"),
        (plan_of(files={"name": "x"}), "does not say where M:Q"),
        (" " * (17 << 20), "is larger than 16 MiB"),
    ],
    ids=lambda each: each[:24],
)
def test_a_file_that_is_no_plan_is_said(hub: HubDouble, tmp_path: Path, text: str, message: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text, errors="surrogatepass")
    with pytest.raises(R1PlanError, match=message) as error:
        called("pull", str(plan))
    assert error.value.exit_code == 2
    with pytest.raises(R1PlanError, match=f"standard input {message}" if message[0] in "hi" else message):
        called("pull", "-", typed=plan.read_bytes())


CONTENTS = {
    "page": (b"<!DOCTYPE html><title>Sign in</title>", "is a web page ('Sign in'), not a model; it is the same at "),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\nsize 9\n", "is a Git LFS pointer"),
    "empty-header": (b"GGUF" + bytes(4), "is"),
    "short": (MODEL_PATH.read_bytes()[:1_000_000], "is cut short"),
    "short-header": (MODEL_PATH.read_bytes()[:1000], "is cut short"),
    "zeros": (bytes(5000), "begins with zeros"),
    "version": (b"GGUF" + (9).to_bytes(4, "little") + bytes(100), "is a GGUF of version 9"),
    "noise": (b"\x01\xff" * 5000, "it is no GGUF"),
    "unknown": (MODEL_PATH.read_bytes().replace(b"qwen2", b"qwenX"), "is of the architecture 'qwenX', which r1plan"),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_was_fetched_and_is_no_model_is_said_and_stays_and_is_not_offered(
    hub: HubDouble, kind: str, tmp_path: Path
) -> None:
    content, said = CONTENTS[kind]
    name = published(SMALL)["Q4_K_M"][0]
    hub.files[name] = content
    for _ in range(2):  # the second time without fetching it again
        with pytest.raises(R1PlanError) as error:
            called("pull", f"{SMALL}:Q4_K_M")
        assert said in error.value.message
        assert error.value.message.count("\n") == 0
        assert error.value.exit_code == 1
        assert error.value.hint
    assert len(hub.gets("store")) == 1
    path = tmp_path / "hf" / "hub" / f"models--{hub.repo.replace('/', '--')}" / "snapshots" / COMMIT / name
    assert path.read_bytes() == content
    if kind != "unknown":
        removed = (error.value.hint or "").removeprefix("r1plan models remove ").partition(" ")[0]
        assert name in called("remove", removed, "--yes").stdout
        assert not path.exists()


def test_a_name_that_was_inferred_and_is_not_there_is_said_to_be(hub: HubDouble) -> None:
    name = published(SMALL)["Q4_K_M"][0]
    hub.files["renamed-Q4_K_M.gguf"] = hub.files.pop(name)
    with pytest.raises(R1PlanError) as error:
        called("pull", f"{SMALL}:Q4_K_M")
    assert error.value.message == f"{hub.repo} has no {name}."
    hint = error.value.hint or ""
    assert hint.startswith("that name was inferred; it has ")
    assert hint.endswith(f"; name one: hf:{hub.repo}/FILE")
    assert pulled(f"hf:{hub.repo}/renamed-Q4_K_M.gguf")["fetched_bytes"] > 0


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
        ([f"{SMALL}:Q9_X"], "unknown quant 'Q9_X'"),
        ([f"{SMALL}:Q4_K_M", "--quant", "Q8_0"], "two quants"),
        (["hf:x"], "is no address at Hugging Face"),
        (["hf:a/b/../c"], "is no address at Hugging Face"),
        (["hf:a/b/c.gguf", "--quant", "Q8_0"], "the file is one quant"),
        (["nobody/DeepSeek-R1-Distill-Qwen-7B-GGUF"], "no public repository nobody/DeepSeek-R1-Distill-Qwen-7B-GGUF"),
        (["nobody/DeepSeek-R1-GGUF:Q4_K_M"], "no public repository nobody/DeepSeek-R1-GGUF"),
        (["DeepSeek-R1-Q4_K_M.gguf"], "there is no file 'DeepSeek-R1-Q4_K_M.gguf'"),
        (["hf.co/nobody/R1-GGUF:Q9_X"], "no public repository nobody/R1-GGUF"),
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


def test_what_was_not_fetched_leads_to_what_is_here(hub: HubDouble) -> None:
    with pytest.raises(R1PlanError, match="was fetched by r1plan") as error:
        called("remove", SMALL)
    assert error.value.hint == "r1plan models list shows what is here, and whose it is"


def test_another_quant_stays(hub: HubDouble) -> None:
    pulled(f"{SMALL}:Q4_K_M")
    pulled(f"{SMALL}:Q8_0")
    assert called("remove", f"{SMALL}:Q4_K_M", "--yes").stdout.startswith("removed ")
    assert pulled(f"{SMALL}:Q8_0")["fetched_bytes"] == 0
    assert pulled(f"{SMALL}:Q4_K_M")["fetched_bytes"] > 0
