"""Which of the models that are here a name means: the catalogue's, or what a store calls its files. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from r1plan.catalog.model import Model
from r1plan.errors import NotFound, UsageError
from r1plan.models.gguf.naming import quant_name
from r1plan.models.names import NameTaken, find_models
from r1plan.models.quant_names import gguf_quant, split_quant
from r1plan.models.store.look import StoredModel

# How a name begins that Hugging Face or Ollama has.
_ADDRESS = re.compile(
    r"^(?:hf:|ollama:|ollama (?:run|pull) )?(?:https?://)?(?:(?:www\.)?(?:huggingface\.co|hf\.co)|registry\.ollama\.ai)?/*"
)
_SHARD_ENDING = re.compile(r"(-\d{5}-of-\d{5})?\.gguf$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundHere:
    """What a name means of what is here: `usable` files, of which an engine may be given any, and `unusable` ones.

    `quant` is the one that was asked for, `taken` what is to be said of how the name was understood.
    """

    usable: tuple[StoredModel, ...] = ()
    unusable: tuple[StoredModel, ...] = ()
    quant: str | None = None
    taken: NameTaken | None = None


def find_here(known: Mapping[str, Model], typed: str, models: Sequence[StoredModel]) -> FoundHere:
    """The files of the model that `typed` means, at the quant in it; all of its quants where it names none."""
    models = [each for each in models if each.is_model]
    if typed.casefold().endswith(".gguf") and not typed.startswith("hf:"):
        return _by_stores_name(typed, models)
    if typed.startswith("hf:") and (called := _by_stores_name(typed, models)).usable:
        return called
    try:
        found = find_models(known, typed)
    except (NotFound, UsageError):
        return _by_stores_name(typed, models)
    same = [each for each in models if each.id in found.ids or (each.id is None and _is_called(each, typed))]
    here = _at_quant(same, found.quant)
    if not here and (called := _by_stores_name(typed, models)).usable:
        return called
    return _sorted(here, found.quant, found.taken)


def quant_of(model: StoredModel) -> str | None:
    """The quant of a model that is here; None where its header was not read."""
    if model.file is not None:
        return model.file.quant.name
    return None if model.gguf is None else quant_name(model.gguf)


def _by_stores_name(typed: str, models: Sequence[StoredModel]) -> FoundHere:
    """What a store calls just so; else what it calls so without the quant behind it."""
    called = [each for each in models if _is_called(each, typed)]
    if called:
        return _sorted(called, None, None)
    name, quant = split_quant(typed)
    if quant is None or not name:
        return FoundHere()
    return _sorted(_at_quant([each for each in models if _is_called(each, name)], quant), quant, None)


def _at_quant(models: Sequence[StoredModel], quant: str | None) -> list[StoredModel]:
    if quant is None:
        return list(models)
    named = list(dict.fromkeys(each for model in models if (each := quant_of(model)) is not None))
    try:
        wanted = gguf_quant(quant, named)[0]
    except (NotFound, UsageError):
        return []
    return [each for each in models if quant_of(each) == wanted]


def _is_called(model: StoredModel, typed: str) -> bool:
    wanted = _ADDRESS.sub("", typed.strip().casefold()).rstrip("/")
    return bool(wanted) and any(wanted == each for name in model.stored.names for each in _calls(name.casefold()))


def _calls(name: str) -> Iterator[str]:
    """A store's name as people may type it: whole, without its ending, its quant, its tag `latest`, folders or file."""
    name = _ADDRESS.sub("", name)
    yield name
    yield name.removesuffix(":latest")
    plain = _SHARD_ENDING.sub("", name)
    short = split_quant(plain)[0] or plain
    yield from (plain, short)
    yield from (each.rpartition("/")[2] for each in (name, plain, short))
    parts = name.split("/")
    if len(parts) > 2 and name.endswith(".gguf"):
        yield "/".join(parts[:2])


def _sorted(models: Sequence[StoredModel], quant: str | None, taken: NameTaken | None) -> FoundHere:
    usable = tuple(each for each in models if each.is_whole)
    return FoundHere(usable, tuple(each for each in models if not each.is_whole), quant, taken)
