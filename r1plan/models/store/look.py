"""A look into every store at once: which models are there, by their headers, within a time.

Each store is looked at in a thread of its own: a network disk that does not answer holds up none of the others, and is
left behind when the time is over. Whatever lies in a store, it is a row or nothing, and never an error for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Literal

from r1plan.errors import EngineError, R1PlanError
from r1plan.models.gguf.file import Gguf, read_gguf
from r1plan.models.gguf.foreign import MissingShards, NotAModel
from r1plan.models.gguf.model import ModelFile, UnknownArchitecture, model_file
from r1plan.models.gguf.source import LocalFile
from r1plan.models.store.folder import folder_files
from r1plan.models.store.hugging_face import hugging_face_files
from r1plan.models.store.ollama import ollama_files
from r1plan.models.store.places import StorePlace
from r1plan.models.store.stored import StoredFile, once
from r1plan.models.store.tree import MOST_ENTRIES, StoreTree

if TYPE_CHECKING:
    from r1plan.catalog.model import Model

MOST_SECONDS = 15.0
"""How long a look may take."""

Trouble = Literal["unreadable", "too_many", "too_slow", "no_answer"]
"""Why a store is not shown whole: folders that may not be read, more files than are looked at, more than the time was
enough for, or none at all in that time."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that is here. `gguf` is its header, `file` what the planner takes from it, as far as they can be read.

    `problem` says what is wrong with a file that was looked into, `is_model` false that it is something else. With
    neither a header nor a problem there was no time to look into it.
    """

    stored: StoredFile
    gguf: Gguf | None = None
    file: ModelFile | None = None
    problem: str | None = None
    is_model: bool = True

    @property
    def id(self) -> str | None:
        """The catalogue's id; None for a model that it does not know."""
        return None if self.file is None or self.file.known is None else self.file.known.id

    @property
    def is_whole(self) -> bool:
        """Whether an engine may be given it."""
        return self.stored.flaw is None and self.problem is None and self.gguf is not None


@dataclass(frozen=True, slots=True)
class StoreTrouble:
    """Why `place` is not shown whole. `paths` are the folders that may not be read."""

    place: StorePlace
    trouble: Trouble
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreListing:
    """All that was found, by store. `places` are those that are there."""

    models: tuple[StoredModel, ...]
    places: tuple[StorePlace, ...]
    troubles: tuple[StoreTrouble, ...] = ()


@dataclass(slots=True)
class _Look:
    """What the thread of one store has found so far."""

    place: StorePlace
    is_there: bool = False
    files: tuple[StoredFile, ...] = ()
    found: list[StoredModel] = field(default_factory=list)
    unreadable: tuple[Path, ...] = ()
    has_too_many: bool = False
    has_ended: bool = False


def look(
    places: Iterable[StorePlace],
    known: Iterable[Model],
    clock: Callable[[], float],
    *,
    most_s: float = MOST_SECONDS,
    most_entries: int = MOST_ENTRIES,
    reads_headers: bool = True,
) -> StoreListing:
    """The models in `places`, those of `known` called by their ids. `clock` gives seconds that only grow.

    Without `reads_headers` it is told what there is by name, as where there was no time to look into it.
    """
    models, ends, stop = tuple(known), clock() + most_s, Event()
    looks = [_Look(each) for each in places]
    threads = [
        Thread(target=_seen, args=(each, models, stop, most_entries, reads_headers), daemon=True) for each in looks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(ends - clock(), 0.0))
    stop.set()
    there = [each for each in looks if each.is_there or not each.has_ended]
    # Of places that may not even be looked at, the first of a store says enough: a service has several.
    closed = {each.place.store: each for each in reversed(looks) if each.unreadable and not each.is_there}
    troubles = [trouble for each in (*there, *closed.values()) for trouble in _troubles(each)]
    every = [model for each in there for model in _models(each)]
    return StoreListing(tuple(_each_once(every)), tuple(each.place for each in there), tuple(troubles))


def _seen(look: _Look, known: tuple[Model, ...], stop: Event, most_entries: int, reads_headers: bool) -> None:
    """Look through one store, until it is done or told to stop."""
    try:
        look.is_there = look.place.path.is_dir()
        if look.is_there:
            tree = StoreTree(look.place.path, stop.is_set, most_entries)
            look.files = tuple(once(_files(tree, look.place)))
            for stored in look.files if reads_headers else ():
                if stop.is_set():
                    return
                look.found.append(looked_into(stored, known))
            look.unreadable = tuple(tree.unreadable)
            look.has_too_many = tree.is_cut_short
    except (OSError, ValueError):  # a name that no file can have
        look.unreadable = (look.place.path,)
    if not stop.is_set():
        look.has_ended = True


def _models(look: _Look) -> Iterator[StoredModel]:
    """What was looked into, and what there was no time for."""
    found = tuple(look.found)  # the thread may go on
    yield from found
    yield from map(StoredModel, look.files[len(found) :])


def _files(tree: StoreTree, place: StorePlace) -> Iterator[StoredFile]:
    match place.store:
        case "huggingface":
            yield from hugging_face_files(tree)
        case "ollama":
            yield from ollama_files(tree)
        case store:
            yield from folder_files(tree, store)


def looked_into(stored: StoredFile, known: Iterable[Model]) -> StoredModel:
    """What the header of `stored` says. Nothing else of it is read."""
    if stored.flaw is not None:
        return StoredModel(stored)
    try:
        gguf = read_gguf(LocalFile(stored.path))
    except NotAModel as error:
        return StoredModel(stored, problem=error.message, is_model=isinstance(error, MissingShards))
    except R1PlanError as error:
        return StoredModel(stored, problem=error.message)
    if not gguf.name.casefold().endswith(".gguf"):  # a blob: what the store calls it says more
        gguf = replace(gguf, name=stored.names[0])
    try:
        return StoredModel(stored, gguf, model_file(gguf, known, _further_names(stored, known)))
    except UnknownArchitecture:
        return StoredModel(stored, gguf)
    except EngineError as error:
        return StoredModel(stored, gguf, problem=error.message)


def _further_names(stored: StoredFile, known: Iterable[Model]) -> list[str]:
    """What else the model may be known by: the store's names, and the ids of what Ollama calls so."""
    names = {each.casefold() for each in stored.names}
    tagged = [each.id for each in known if names & {tag.casefold() for tag in each.ollama_tags}]
    return [*stored.names, *(tagged if stored.store == "ollama" else ())]


def _troubles(look: _Look) -> Iterator[StoreTrouble]:
    if not look.has_ended:
        yield StoreTrouble(look.place, "too_slow" if look.files else "no_answer")
    elif look.has_too_many:
        yield StoreTrouble(look.place, "too_many")
    if look.unreadable:
        yield StoreTrouble(look.place, "unreadable", look.unreadable)


def _each_once(models: Iterable[StoredModel]) -> Iterator[StoredModel]:
    """Stores may share bytes, or be one folder under two names: the first has them."""
    seen: set[str] = set()
    for each in models:
        real = str(each.stored.real)
        if real not in seen:
            seen.add(real)
            yield each
