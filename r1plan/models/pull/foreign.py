"""Whose a model file is that r1plan did not fetch, and what removes it there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from r1plan.errors import UsageError
from r1plan.models.store.host import this_host
from r1plan.models.store.places import StoreName, store_places

_OWNERS: dict[StoreName, tuple[str, str]] = {
    "ollama": ("Ollama's", "ollama list names it, ollama rm NAME removes it"),
    "lmstudio": ("LM Studio's", "remove it there, under My Models"),
    "llama.cpp": ("llama.cpp's", "remove the file and the .json beside it yourself"),
    "huggingface": (
        "of another program in Hugging Face's cache",
        "hf cache ls names it, hf cache rm removes it",
    ),
}


def not_ours(path: Path, environ: Mapping[str, str]) -> UsageError:
    """The error for a file that is to be removed and is another program's, or the person's own."""
    real = path.resolve()
    for place in store_places(this_host(environ)):
        if place.store not in _OWNERS:
            continue
        owner, hint = _OWNERS[place.store]
        for each in (path.absolute(), real):
            if each.is_relative_to(place.path):
                return UsageError(f"{path} is {owner}, and not r1plan's to remove.", hint)
    return UsageError(f"{path} was not fetched by r1plan, which leaves it alone.", f"rm '{path}'")
