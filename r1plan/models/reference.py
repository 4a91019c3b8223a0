"""A model as a person types it: a GGUF on this disk or at Hugging Face, the one in the package, or an id."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import UsageError
from r1plan.settings import expanded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from r1plan.catalog.model import Model
    from r1plan.models.gguf.file import Gguf
    from r1plan.models.gguf.model import ModelFile
    from r1plan.models.weights import Weights


TINY = "r1-tiny"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """r1-tiny, the demonstration model inside the package."""


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A model file on this disk. `path` may begin with "~", as it was typed."""

    path: Path


@dataclass(frozen=True, slots=True)
class HubFile:
    """A model file at Hugging Face; `address` is `hf:OWNER/REPO[/FILE]`."""

    address: str


@dataclass(frozen=True, slots=True)
class ModelName:
    """An id: of the catalogue, of a provider, or PROVIDER/MODEL. What stands in the catalogue tells them apart."""

    text: str


ModelReference = BuiltIn | GgufFile | HubFile | ModelName


def model_reference(text: str) -> ModelReference:
    """What `text` can only mean, without a look at the disk or the catalogue."""
    if text.startswith("hf:"):
        return HubFile(text)
    folded = text.casefold()
    if folded.endswith(".gguf"):
        return GgufFile(Path(text))
    return BuiltIn() if folded == TINY else ModelName(text)


@dataclass(frozen=True, slots=True)
class Named:
    """The models to choose among, with the model and quant that are pinned, and a file's own weights.

    `old_cache` is true for a file of R1 whose cache every engine expands (models.from_gguf).
    """

    models: Mapping[str, Model]
    model: str | None
    quant: str | None
    from_file: Weights | None = None
    old_cache: bool = False


def named_model(model: str | None, quant: str | None) -> Named:
    """What `--model` and `--quant` ask for; a file is one model at one quant.

    Raises UsageError when --quant is not the file's, EngineError for a file that cannot be read.
    """
    from r1plan.catalog.load import load_models

    if model is None or isinstance(model_reference(model), BuiltIn | ModelName):
        return Named(load_models(), model, quant)
    _, file = read_model_file(model, quant)
    if quant is not None and quant.casefold() != file.quant.name.casefold():
        raise UsageError(f"--quant {quant}: {model} is {file.quant.name}.", "leave out --quant, or name another file")
    return Named(
        {file.model.id: file.model}, file.model.id, file.quant.name, file.weights, old_cache=file.has_mla_keys is False
    )


def read_model_file(model: str, quant: str | None = None) -> tuple[Gguf, ModelFile]:
    """The header of a path or an `hf:` address. Raises EngineError, and UsageError for an address of several files."""
    from r1plan.catalog.load import load_models
    from r1plan.models.gguf.file import read_gguf
    from r1plan.models.gguf.model import model_file
    from r1plan.models.gguf.source import LocalFile, Source

    source: Source
    names: tuple[str, ...] = ()
    match model_reference(model):
        case HubFile(typed):
            from r1plan.models.hub.files import Hub, address

            where = address(typed)
            source, names = Hub(os.environ).open(where, quant), (where.repository,)
        case _:  # whatever it is called, it is to be read as a file
            source = LocalFile(expanded(Path(model)))
    gguf = read_gguf(source)
    return gguf, model_file(gguf, load_models().values(), names)
