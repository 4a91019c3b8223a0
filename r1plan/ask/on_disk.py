"""A model that is on this machine already, by its name: the best of its files, whichever program fetched it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from r1plan.ask.notes import FoundOnDisk
from r1plan.engine.target import LocalTarget
from r1plan.errors import EngineError
from r1plan.plan.pins import Pins

if TYPE_CHECKING:
    from r1plan.ask.local.run import LocalRun
    from r1plan.ask.question import AskOptions
    from r1plan.models.gguf.model import ModelFile
    from r1plan.models.names import NameTaken
    from r1plan.models.store.look import StoredModel, StoreListing
    from r1plan.models.store.places import StorePlace
    from r1plan.plan.llamacpp.option import Option


def models_on_disk() -> StoreListing:
    """All models on this machine, as the process's environment says where they are."""
    from r1plan.catalog.load import load_models
    from r1plan.models.store.look import look

    return look(_places(), load_models().values(), time.monotonic)


def _places() -> tuple[StorePlace, ...]:
    from r1plan.models.store.host import this_host
    from r1plan.models.store.places import store_places

    return store_places(this_host(os.environ))


NO_PINS = Pins()


class FoundTarget(NamedTuple):
    """A file that was found on this machine, what is to be said of it, and its header where the planner knows it."""

    target: LocalTarget
    note: FoundOnDisk
    file: ModelFile | None


class FoundRun(NamedTuple):
    """A file that was found on this machine, as it is to be run, and what is to be said of it."""

    run: LocalRun
    note: FoundOnDisk


def found_on_disk(typed: str, options: AskOptions) -> FoundRun | None:
    """The file that `typed` names, to be run as `options` say; None where there is none. Raises what the next does."""
    from r1plan.ask.local.run import LocalRun

    found = target_on_disk(typed, options.pins)
    return None if found is None else FoundRun(LocalRun(found.target, options, found.file), found.note)


def target_on_disk(typed: str, pins: Pins = NO_PINS) -> FoundTarget | None:
    """The file that `typed` names; None where there is none.

    Raises EngineError where there is one that cannot be used, such as a download that has not ended, NothingFits for
    one that this machine has no memory for, UsageError for `pins` that cannot be meant for it.
    """
    from r1plan.catalog.load import load_models
    from r1plan.models.store.find import find_here

    found = find_here(load_models(), typed, models_on_disk().models)
    if not found.usable:
        if found.unusable:
            raise _unusable(typed, found.unusable[0])
        return None
    chosen, option = _best(found.usable, pins)
    others = tuple(dict.fromkeys(_label(each) for each in found.usable if each is not chosen))
    if option is not None and not option.fits and pins == NO_PINS:
        from r1plan.ask.local.no_room import no_room
        from r1plan.ask.local.run import engine_machine, knowledge_of

        machine = engine_machine()
        if (error := no_room(option, chosen.stored.path, others, machine, knowledge_of(machine))) is not None:
            raise error
    return _found(chosen, typed, others, found.taken)


def best_on_disk(options: AskOptions) -> FoundRun | None:
    """The best of the catalogue's models that are here and fit; None where there is none.

    The catalogue is read only where there is any model at all.
    """
    from r1plan.ask.local.run import LocalRun
    from r1plan.models.store.look import look

    if not look(_places(), (), time.monotonic).models:
        return None
    usable = [each for each in models_on_disk().models if each.is_whole and each.id is not None]
    fitting = {id(each): (each, option) for each, option in _options(usable, options.pins) if option.fits}
    best = _first(list(fitting.values()))
    if best is None:
        return None
    chosen = best[0]
    others = tuple(dict.fromkeys(_label(each) for each in usable if each is not chosen))
    found = _found(chosen, None, others, None)
    return FoundRun(LocalRun(found.target, options, found.file), found.note)


def _found(chosen: StoredModel, typed: str | None, others: tuple[str, ...], taken: NameTaken | None) -> FoundTarget:
    stored = chosen.stored
    note = FoundOnDisk(typed, _label(chosen), stored.path, stored.store, others, taken)
    return FoundTarget(LocalTarget(stored.path, log_name(chosen)), note, chosen.file)


def log_name(model: StoredModel) -> str:
    """What a request to the model is logged as: the file's own name, a blob by its model."""
    path = model.stored.path
    return path.stem if path.suffix.casefold() == ".gguf" else _label(model)


def _label(model: StoredModel) -> str:
    from r1plan.models.store.find import quant_of

    quant = quant_of(model)
    if model.id is None:
        return model.stored.names[0]
    return model.id if quant is None else f"{model.id}:{quant}"


def _best(usable: Sequence[StoredModel], pins: Pins) -> tuple[StoredModel, Option | None]:
    """The file that `recommend` would take of those that are here, with its plan; else the smallest."""
    best = _first(list(_options(usable, pins)))
    return best or (min(usable, key=lambda each: each.stored.bytes), None)


def _first(planned: Sequence[tuple[StoredModel, Option]]) -> tuple[StoredModel, Option] | None:
    from r1plan.plan.llamacpp.file_option import best_option

    by_id: dict[str, tuple[StoredModel, Option]] = {}
    for each, option in planned:
        by_id.setdefault(option.id, (each, option))
    best = best_option([option for _, option in by_id.values()])
    return None if best is None else by_id[best.id]


def _options(models: Sequence[StoredModel], pins: Pins) -> Iterator[tuple[StoredModel, Option]]:
    """Those that can be planned, each with its layout here. Raises UsageError where there is one alone, and pins."""
    from r1plan.ask.local.plan import planned_option
    from r1plan.ask.local.run import as_planned, engine_machine, knowledge_of
    from r1plan.errors import UsageError

    machine = engine_machine()
    known = knowledge_of(machine)
    for each in models:
        if each.file is None:
            continue
        try:
            option = planned_option(as_planned(each.file), machine, pins, known)
        except UsageError:
            if len(models) == 1:
                raise
            continue
        if option is not None:
            yield each, option


def _unusable(typed: str, model: StoredModel) -> EngineError:
    path = model.stored.path
    match model.stored.flaw:
        case "unfinished":
            return EngineError(
                f"{typed} is here, and its download has not ended: {path}.", "let it end, or go on with it"
            )
        case "outside":
            return EngineError(
                f"{typed} is a link that leads out of its store: {path}.", f"name the file: --model '{path}'"
            )
        case "gone":
            return EngineError(f"{typed} is listed here, and its bytes are gone: {path}.", "download it again")
        case None:
            if model.problem is None:
                return EngineError(f"{typed} was not read in time: {path}.", f"name the file: --model '{path}'")
            return EngineError(f"{typed} is here and cannot be used: {model.problem}", "download it again")
