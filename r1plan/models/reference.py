"""A model as a person types it: a GGUF on this disk or at Hugging Face, the one in the package, or an id."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from r1plan.errors import EngineError, NotFound, UsageError
from r1plan.settings import expanded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from r1plan.catalog.model import Model, Repository
    from r1plan.models.gguf.file import Gguf
    from r1plan.models.gguf.model import ModelFile
    from r1plan.models.names import NameTaken
    from r1plan.models.quant_names import QuantTaken
    from r1plan.models.weights import Weights


TINY = "r1-tiny"
RECOMMENDED = "recommended"
"""What stands for the model that suits this machine best, where it is to be run or fetched."""

EngineOfQuants = Literal["llama.cpp", "vllm"]
"""Whose types of weights a quant is one of."""

_CHAT = f"r1plan chat --model {TINY} talks with it"
_PAGE_OF_FILE = (
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/([^/\s]+/[^/\s]+)/(?:blob|resolve)/[^/\s]+/([^?#\s]+\.gguf)"
    r"(?:[?#].*)?$"
)


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
    # A file's page or its download at Hugging Face.
    if "/" in text and (found := re.match(_PAGE_OF_FILE, text, re.IGNORECASE)):
        return HubFile(f"hf:{found[1]}/{found[2]}")
    folded = text.casefold()
    if folded.endswith(".gguf"):
        return GgufFile(Path(text))
    return BuiltIn() if folded == TINY else ModelName(text)


class Named(NamedTuple):
    """The models to choose among, with the model and quant that are pinned, and a file's own weights.

    `old_cache` is true for a file of R1 whose cache every engine expands (models.from_gguf). `taken` and `quant_taken`
    are what is to be said of how the names were understood.
    """

    models: Mapping[str, Model]
    model: str | None
    quant: str | None
    from_file: Weights | None = None
    old_cache: bool = False
    taken: NameTaken | None = None
    quant_taken: QuantTaken | None = None


def named_model(model: str | None, quant: str | None, engine: EngineOfQuants = "llama.cpp") -> Named:
    """What `--model` and `--quant` ask for of `engine`; a file is one model at one quant.

    Raises NotFound for a name that means no model, UsageError for a quant that is not the file's, is said twice or is
    another engine's, EngineError for a file that cannot be read.
    """
    from r1plan.catalog.load import load_models

    models = load_models()
    if model is None:
        return _at_quant(Named(models, None, None), quant, engine)
    match model_reference(model):
        case GgufFile(path):
            if not expanded(path).exists() and (meant := _meant_by_name(path, models)):
                raise EngineError(f"{model} is not there.", f"to plan for it without the file: --model {meant}")
            return _named_file(model, quant)
        case HubFile(address):
            checkpoint = _checkpoint(address, models)
            if checkpoint is None:
                return _named_file(address, quant)
            return _at_quant(Named(models, checkpoint, None), quant, engine)
        case BuiltIn():
            raise UsageError(f"{TINY} is the demonstration inside the package: there is nothing to plan.", _CHAT)
    return _named_by_name(model, quant, engine, models)


def _meant_by_name(path: Path, models: Mapping[str, Model]) -> str | None:
    """What of the catalogue a file that is not there is called after, as `--model` takes it; None: nothing."""
    from r1plan.models.names import find_models
    from r1plan.models.quant_names import gguf_quant

    try:
        found = find_models(models, path.name)
        if len(found.ids) > 1:
            return None
        id_, held = found.ids[0], [each.name for each in models[found.ids[0]].quants]
        return id_ if found.quant is None else f"{id_}:{gguf_quant(found.quant, held)[0]}"
    except (NotFound, UsageError):
        return None


def _named_by_name(model: str, quant: str | None, engine: EngineOfQuants, models: Mapping[str, Model]) -> Named:
    from r1plan.models.names import find_models

    try:
        found = find_models(models, model)
    except NotFound:
        if expanded(Path(model)).exists():  # a file without ".gguf", or a folder: what it is will be said
            return _named_file(model, quant)
        raise
    if found.quant is not None and quant is not None and found.quant.casefold() != quant.casefold():
        raise UsageError(f"--model {model} with --quant {quant}: two quants.", "say it once")
    among = models if len(found.ids) == 1 else {id_: models[id_] for id_ in found.ids}
    pinned = found.ids[0] if len(found.ids) == 1 else None
    return _at_quant(Named(among, pinned, None, taken=found.taken), quant or found.quant, engine)


def _at_quant(named: Named, quant: str | None, engine: EngineOfQuants) -> Named:
    """`named` with the quant that `quant` means of its models."""
    if quant is None:
        return named
    from r1plan.models.quant_names import gguf_quant, served_quant

    if engine != "llama.cpp":
        name, taken = served_quant(quant)
    else:
        asked = named.models.values() if named.model is None else [named.models[named.model]]
        name, taken = gguf_quant(quant, list(dict.fromkeys(each.name for model in asked for each in model.quants)))
    return named._replace(quant=name, quant_taken=taken)


def _checkpoint(address: str, models: Mapping[str, Model]) -> str | None:
    """The model whose makers' checkpoint stands at that address: it holds no GGUF, and its name says all."""
    repository = address.removeprefix("hf:").casefold()
    return next((id_ for id_, model in models.items() if model.hf_repo.casefold() == repository), None)


def _named_file(model: str, quant: str | None) -> Named:
    """The model of a file, with where it is as its only repository."""
    from r1plan.models.quant_names import QuantTaken, usual_names

    gguf, file = read_model_file(model, quant)
    if quant is not None and file.quant.name.casefold() not in map(str.casefold, usual_names(quant)):
        raise UsageError(f"--quant {quant}: {model} is {file.quant.name}.", "leave out --quant, or name another file")
    name = file.quant.name
    found = replace(file.model, repositories=(_where(model, gguf, name),))
    return Named(
        models={found.id: found},
        model=found.id,
        quant=name,
        from_file=file.weights,
        old_cache=file.has_mla_keys is False,
        quant_taken=None if quant is None or quant.casefold() == name.casefold() else QuantTaken(quant, name),
    )


def _where(model: str, gguf: Gguf, quant: str) -> Repository:
    from r1plan.catalog.model import Repository

    several = gguf.shards > 1
    name = re.sub(r"-\d{5}-of-\d{5}(?=\.gguf$)", "-%05d-of-%05d", gguf.name) if several else gguf.name
    shards = {quant: gguf.shards} if several else {}
    match model_reference(model):
        case HubFile(typed):
            from r1plan.models.hub.files import address

            where = address(typed)
            folder = (where.file or "").rpartition("/")[0]
            pattern = f"{folder}/{name}" if folder else name
            return Repository(repo=where.repository, pattern=pattern, quants=(quant,), shards=shards)
        case _:
            path = expanded(Path(model)).with_name(name)
            return Repository(repo="", pattern=str(path), quants=(quant,), shards=shards)


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
