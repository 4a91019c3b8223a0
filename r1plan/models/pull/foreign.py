"""Whose a model file is that r1plan did not fetch, and what removes it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from r1plan.errors import UsageError
from r1plan.models.pull.access import hub_cache
from r1plan.settings import expanded


def not_ours(path: Path, environ: Mapping[str, str]) -> UsageError:
    """The error for a file that is to be removed and is another program's, or the person's own."""
    real = path.resolve()
    for folder, owner, hint in _stores(environ):
        for each in (path.absolute(), real):
            if each.is_relative_to(folder):
                return UsageError(f"{path} is {owner}, and not r1plan's to remove.", hint)
    return UsageError(f"{path} was not fetched by r1plan, which leaves it alone.", f"rm '{path}'")


def _stores(environ: Mapping[str, str]) -> Iterator[tuple[Path, str, str]]:
    home = Path(environ["HOME"]) if environ.get("HOME") else expanded(Path("~"))
    ollama = "ollama list names it, ollama rm NAME removes it"
    if own := environ.get("OLLAMA_MODELS"):
        yield Path(own), "Ollama's", ollama
    for folder in (home / ".ollama/models", Path("/usr/share/ollama/.ollama/models"), Path("/var/lib/ollama/models")):
        yield folder, "Ollama's", ollama
    for folder in (home / ".lmstudio/models", home / ".cache/lm-studio/models"):
        yield folder, "LM Studio's", "remove it there, under My Models"
    caches = [environ.get("LLAMA_CACHE"), home / ".cache/llama.cpp", home / "Library/Caches/llama.cpp"]
    for cache in caches:
        if cache:
            yield Path(cache), "llama.cpp's", "remove the file and the .json beside it yourself"
    yield (
        hub_cache(environ),
        "of another program in Hugging Face's cache",
        "hf cache ls names it, hf cache rm removes it",
    )
