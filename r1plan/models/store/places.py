"""Where programs keep model files, as the environment says it and by default. Nothing is looked for on the disk.

The rules are each program's own: huggingface_hub's constants.py, Ollama's envconfig, LM Studio's settings.json,
llama.cpp's fs_get_cache_directory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

StoreName = Literal["r1plan", "huggingface", "ollama", "lmstudio", "llama.cpp"]

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})|%(\w+)%")
# Where Ollama runs as a service of its own user: its installer's, Arch's and NixOS's, Snap's.
_OLLAMA_SERVICES = (
    "/usr/share/ollama/.ollama/models",
    "/var/lib/ollama/.ollama/models",
    "/var/lib/ollama/models",
    "/var/lib/ollama",
    "/var/snap/ollama/common/models",
)


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A folder in which `store` keeps models. It need not exist."""

    store: StoreName
    path: Path


@dataclass(frozen=True, slots=True)
class StoreHost:
    """What says where stores are. `data` is r1plan's own folder of data, `platform` is sys.platform's.

    `read` gives the text of a small file of another program, None where there is none.
    """

    environ: Mapping[str, str]
    home: Path
    data: Path
    platform: str
    read: Callable[[Path], str | None]


def store_places(host: StoreHost) -> tuple[StorePlace, ...]:
    """Every place, ours first and then as programs prefer them; what the environment says comes before defaults."""
    found = (
        StorePlace("r1plan", host.data / "models"),
        *(StorePlace("huggingface", path) for path in _hugging_face(host)),
        *(StorePlace("ollama", path) for path in _ollama(host)),
        *(StorePlace("lmstudio", path) for path in _lm_studio(host)),
        *(StorePlace("llama.cpp", path) for path in _llama_cpp(host)),
    )
    return tuple({each.path: each for each in reversed(found)}[path] for path in dict.fromkeys(p.path for p in found))


def _hugging_face(host: StoreHost) -> Iterator[Path]:
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        yield from _said(host, variable)
    yield from (each / "hub" for each in _said(host, "HF_HOME"))
    yield from (each / "huggingface" / "hub" for each in _said(host, "XDG_CACHE_HOME"))
    yield host.home / ".cache" / "huggingface" / "hub"


def _ollama(host: StoreHost) -> Iterator[Path]:
    yield from _said(host, "OLLAMA_MODELS")
    yield host.home / ".ollama" / "models"
    if host.platform == "linux":
        yield from map(Path, _OLLAMA_SERVICES)


def _lm_studio(host: StoreHost) -> Iterator[Path]:
    moved = (host.read(host.home / ".lmstudio-home-pointer") or "").strip()
    homes = [*([Path(moved)] if _is_whole(moved) else []), host.home / ".lmstudio", host.home / ".cache" / "lm-studio"]
    for home in homes:
        chosen = _downloads_folder(host.read(home / "settings.json"))
        if chosen is not None:
            yield chosen
        yield home / "models"


def _downloads_folder(settings: str | None) -> Path | None:
    """The folder that was chosen in LM Studio's settings."""
    try:
        fields = json.loads(settings or "null")
    except (ValueError, RecursionError):
        return None
    folder = fields.get("downloadsFolder") if isinstance(fields, dict) else None
    return Path(folder) if isinstance(folder, str) and _is_whole(folder) else None


def _llama_cpp(host: StoreHost) -> Iterator[Path]:
    yield from _said(host, "LLAMA_CACHE")
    if host.platform == "darwin":
        yield host.home / "Library" / "Caches" / "llama.cpp"
    elif host.platform == "win32":
        yield from (each / "llama.cpp" for each in _said(host, "LOCALAPPDATA"))
    else:
        yield from (each / "llama.cpp" for each in _said(host, "XDG_CACHE_HOME"))
        yield host.home / ".cache" / "llama.cpp"


def _said(host: StoreHost, variable: str) -> Iterator[Path]:
    """The folder that a variable names, where it does: with "~" and other variables, as the programs take them."""

    def other(found: re.Match[str]) -> str:
        return host.environ.get(found[1] or found[2] or found[3], found[0])

    text = _VARIABLE.sub(other, host.environ.get(variable, "").strip())
    if text == "~" or text.startswith(("~/", "~\\")):
        text = f"{host.home}{text[1:]}"
    if text and "\0" not in text:
        yield Path(text)


def _is_whole(text: str) -> bool:
    return "\0" not in text and Path(text).is_absolute()
