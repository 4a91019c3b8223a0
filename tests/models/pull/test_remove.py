"""Only what r1plan fetched is removed, all of it, and nothing else in the cache or elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.cli.models.removable import removable
from r1plan.errors import EngineError, R1PlanError, UsageError
from r1plan.models.pull.foreign import not_ours
from r1plan.models.pull.remove import remove_blobs
from tests.models.pull.conftest import NAME
from tests.models.pull.pulling import Pulling


def files_in(folder: Path) -> set[str]:
    return {
        str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file() and ".locks" not in each.parts
    }


def removed(pulling: Pulling, typed: str) -> int:
    return remove_blobs(removable(typed, pulling.records, {"HF_HOME": str(pulling.folder)}), pulling.records)


@pytest.mark.parametrize("typed", ["maker/R1-GGUF", "hf:maker/R1-GGUF", f"hf:maker/R1-GGUF/{NAME}", "maker/R1-GGUF:q4"])
def test_a_repository_is_removed_with_its_names_and_folders(pulling: Pulling, typed: str) -> None:
    pulling()
    assert removed(pulling, typed) == 3_000_000
    assert not (pulling.cache / "models--maker--R1-GGUF").exists()
    assert list(pulling.records.ours()) == []


def test_a_file_is_removed_by_its_path_or_its_blob(pulling: Pulling) -> None:
    assert removed(pulling, str(pulling().path)) == 3_000_000
    assert removed(pulling, str(pulling().path.resolve())) == 3_000_000
    assert files_in(pulling.cache) == set()


def test_all_shards_go_and_other_models_stay(pulling: Pulling) -> None:
    pulling.hub.files |= {f"R1-Q8_0-0000{number}-of-00002.gguf": bytes([number]) * 500 for number in (1, 2)}
    pulling(NAME)
    shards = pulling(quant="Q8_0")
    assert removed(pulling, str(shards.files[1].path)) == 1000
    assert pulling(NAME).files[0].fetched_bytes == 0
    assert len(files_in(pulling.cache)) == 3  # a blob, its name and the branch


def test_what_another_program_fetched_into_the_same_repository_stays(pulling: Pulling) -> None:
    from huggingface_hub import hf_hub_download

    pulling.hub.files["config.json"] = b"{}"
    pulling(NAME)
    theirs = Path(
        hf_hub_download(pulling.hub.repo, "config.json", cache_dir=pulling.cache, endpoint=pulling.hub.url, token=False)
    )
    removed(pulling, "maker/R1-GGUF")
    assert theirs.read_bytes() == b"{}"
    assert not any(NAME in each for each in files_in(pulling.cache))


def test_a_file_that_another_program_fetched_is_not_removed(pulling: Pulling) -> None:
    from huggingface_hub import hf_hub_download

    theirs = hf_hub_download(pulling.hub.repo, NAME, cache_dir=pulling.cache, endpoint=pulling.hub.url, token=False)
    pulling()
    with pytest.raises(EngineError, match="nothing of maker/R1-GGUF was fetched by r1plan"):
        removed(pulling, "maker/R1-GGUF")
    with pytest.raises(UsageError) as error:
        removed(pulling, theirs)
    assert error.value.hint == "hf cache ls names it, hf cache rm removes it"
    assert Path(theirs).exists()


def test_what_was_broken_off_is_removed_too(pulling: Pulling) -> None:
    pulling.hub.cut_after = lambda _: 1000
    pulling.hub.store_hook = lambda request: len(pulling.hub.gets("store")) > 1 and request.answer(500)
    with pytest.raises(EngineError):
        pulling()
    assert removed(pulling, "maker/R1-GGUF") == 1000
    assert pulling.partials() == []


def test_what_is_being_fetched_just_now_is_not_removed(pulling: Pulling) -> None:
    import fcntl

    done = pulling()
    [lock] = pulling.cache.rglob("*.lock")
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EngineError, match="is being fetched just now"):
            removed(pulling, "maker/R1-GGUF")
    assert done.path.exists()


@pytest.mark.parametrize("typed", ["maker/other", "hf:maker/R1-GGUF/other.gguf", "R1-Distill-Qwen-7B", "no-such-model"])
def test_what_was_never_fetched_is_said(pulling: Pulling, typed: str) -> None:
    pulling()
    with pytest.raises(R1PlanError):
        removed(pulling, typed)
    assert pulling().files[0].fetched_bytes == 0


@pytest.mark.parametrize(
    ("path", "environ", "owner", "hint"),
    [
        (".ollama/models/blobs/sha256-1", {}, "Ollama", "ollama rm NAME"),
        ("big/blobs/sha256-1", {"OLLAMA_MODELS": "big"}, "Ollama", "ollama rm NAME"),
        (".lmstudio/models/a/b/c.gguf", {}, "LM Studio", "My Models"),
        (".cache/lm-studio/models/a/b/c.gguf", {}, "LM Studio", "My Models"),
        (".cache/llama.cpp/a.gguf", {}, "llama.cpp", ".json"),
        (".cache/huggingface/hub/models--a--b/blobs/1", {}, "another program in Hugging Face's cache", "hf cache rm"),
        ("models/a.gguf", {}, "was not fetched by r1plan", "rm '"),
    ],
)
def test_the_files_of_others_are_left_to_them(
    tmp_path: Path, path: str, environ: dict[str, str], owner: str, hint: str
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    said = not_ours(file, {"HOME": str(tmp_path), **{name: str(tmp_path / value) for name, value in environ.items()}})
    assert owner in said.message
    assert hint in (said.hint or "")
