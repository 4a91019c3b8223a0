"""The option that names a model: an id of the catalogue, a GGUF on this disk, or one at Hugging Face."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from r1plan.catalog.model import Model
    from r1plan.models.gguf.file import Gguf
    from r1plan.models.gguf.model import ModelFile
    from r1plan.models.weights import Weights


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

    if model is None or not is_file(model):
        return Named(load_models(), model, quant)
    _, file = read_model_file(model, quant)
    if quant is not None and quant.casefold() != file.quant.name.casefold():
        raise UsageError(f"--quant {quant}: {model} is {file.quant.name}.", "leave out --quant, or name another file")
    return Named(
        {file.model.id: file.model}, file.model.id, file.quant.name, file.weights, old_cache=file.has_mla_keys is False
    )


def is_file(model: str) -> bool:
    """Whether `--model` names a file and not an id of the catalogue."""
    return model.startswith("hf:") or model.casefold().endswith(".gguf")


def read_model_file(model: str, quant: str | None = None) -> tuple[Gguf, ModelFile]:
    """The header of a path or an `hf:` address. Raises EngineError, and UsageError for an address of several files."""
    from r1plan.catalog.load import load_models
    from r1plan.models.gguf.file import read_gguf
    from r1plan.models.gguf.model import model_file
    from r1plan.models.gguf.source import LocalFile, Source

    source: Source
    names: tuple[str, ...] = ()
    if model.startswith("hf:"):
        from r1plan.models.hub.files import Hub, address

        where = address(model)
        source, names = Hub(os.environ).open(where, quant), (where.repository,)
    else:
        source = LocalFile(Path(model).expanduser())
    gguf = read_gguf(source)
    return gguf, model_file(gguf, load_models().values(), names)
