"""Where models are looked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from r1plan.models.store.places import StoreHost, StoreName, store_places

HOME = Path("/home/ann")


def places(
    store: StoreName, environ: dict[str, str], platform: str = "linux", files: dict[Path, str] | None = None
) -> list[str]:
    host = StoreHost(environ, HOME, Path("/data"), platform, (files or {}).get)
    return [str(each.path) for each in store_places(host) if each.store == store]


@pytest.mark.parametrize(
    ("store", "environ", "platform", "first"),
    [
        pytest.param("r1plan", {}, "linux", "/data/models", id="ours"),
        pytest.param("huggingface", {}, "linux", "/home/ann/.cache/huggingface/hub", id="hub"),
        pytest.param("huggingface", {"HF_HOME": "/big/hf"}, "linux", "/big/hf/hub", id="HF_HOME"),
        pytest.param("huggingface", {"HF_HUB_CACHE": "/x", "HF_HOME": "/y"}, "linux", "/x", id="HF_HUB_CACHE first"),
        pytest.param("huggingface", {"HUGGINGFACE_HUB_CACHE": "/old"}, "linux", "/old", id="the older name"),
        pytest.param("huggingface", {"HF_HOME": "~/hf"}, "linux", "/home/ann/hf/hub", id="tilde"),
        pytest.param("huggingface", {"HF_HOME": "$BIG/hf", "BIG": "/mnt"}, "linux", "/mnt/hf/hub", id="variable"),
        pytest.param("huggingface", {"XDG_CACHE_HOME": "/c"}, "linux", "/c/huggingface/hub", id="xdg"),
        pytest.param("huggingface", {"HF_HOME": "  "}, "linux", "/home/ann/.cache/huggingface/hub", id="empty"),
        pytest.param("ollama", {}, "linux", "/home/ann/.ollama/models", id="ollama"),
        pytest.param("ollama", {"OLLAMA_MODELS": "/o"}, "win32", "/o", id="OLLAMA_MODELS"),
        pytest.param("lmstudio", {}, "darwin", "/home/ann/.lmstudio/models", id="lm studio"),
        pytest.param("llama.cpp", {}, "linux", "/home/ann/.cache/llama.cpp", id="llama.cpp"),
        pytest.param("llama.cpp", {}, "darwin", "/home/ann/Library/Caches/llama.cpp", id="llama.cpp on a Mac"),
        pytest.param("llama.cpp", {"LOCALAPPDATA": "/local"}, "win32", "/local/llama.cpp", id="llama.cpp on Windows"),
        pytest.param("llama.cpp", {"LLAMA_CACHE": "/l"}, "linux", "/l", id="LLAMA_CACHE"),
        pytest.param("llama.cpp", {"LLAMA_CACHE": "/a\0b"}, "linux", "/home/ann/.cache/llama.cpp", id="no path"),
    ],
)
def test_the_first_place_of_each_store(store: StoreName, environ: dict[str, str], platform: str, first: str) -> None:
    assert places(store, environ, platform)[0] == first


def test_a_variable_hides_no_default() -> None:
    assert places("ollama", {"OLLAMA_MODELS": "/o"})[:2] == ["/o", "/home/ann/.ollama/models"]


def test_the_service_of_ollama_has_a_place_on_linux_alone() -> None:
    assert "/usr/share/ollama/.ollama/models" in places("ollama", {})
    assert places("ollama", {}, "darwin") == ["/home/ann/.ollama/models"]


def test_each_place_is_named_once() -> None:
    found = places("llama.cpp", {"XDG_CACHE_HOME": "/home/ann/.cache", "LLAMA_CACHE": "/home/ann/.cache/llama.cpp"})
    assert found == ["/home/ann/.cache/llama.cpp"]


@pytest.mark.parametrize(
    ("settings", "there"),
    [
        (json.dumps({"downloadsFolder": "/mnt/models"}), True),
        (json.dumps({"downloadsFolder": "models"}), False),
        (json.dumps({"downloadsFolder": 7}), False),
        ("[]", False),
        ("{", False),
        ("[" * 100_000, False),
    ],
    ids=["chosen", "no whole path", "a number", "a list", "cut short", "deep"],
)
def test_a_folder_that_was_chosen_in_lm_studio_is_looked_at(settings: str, there: bool) -> None:
    found = places("lmstudio", {}, files={HOME / ".lmstudio" / "settings.json": settings})
    assert ("/mnt/models" in found) is there


def test_a_home_of_lm_studio_that_was_moved_is_found() -> None:
    assert places("lmstudio", {}, files={HOME / ".lmstudio-home-pointer": "/mnt/lms\n"})[0] == "/mnt/lms/models"
