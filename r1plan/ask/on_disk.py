"""A model that is on this machine already, by its name: the best of its files, whichever program fetched it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.ask.notes import FoundOnDisk
from r1plan.engine.target import LocalTarget
from r1plan.errors import EngineError

if TYPE_CHECKING:
    from r1plan.models.store.find import FoundHere
    from r1plan.models.store.look import StoredModel, StoreListing
    from r1plan.plan.llamacpp.option import Option

_MOST_SETTINGS_BYTES = 1 << 20


def models_on_disk() -> StoreListing:
    """All models on this machine, as the process's environment says where they are."""
    from r1plan.catalog.load import load_models
    from r1plan.models.store.look import look
    from r1plan.models.store.places import StoreHost, store_places
    from r1plan.settings import directories, expanded

    home = Path(os.environ.get("HOME") or expanded(Path("~")))
    host = StoreHost(os.environ, home, directories().data, sys.platform, _text)
    return look(store_places(host), load_models().values(), time.monotonic)


def target_on_disk(typed: str) -> tuple[LocalTarget, FoundOnDisk] | None:
    """The file that `typed` names; None where there is none.

    Raises EngineError where there is one that cannot be used, such as a download that has not ended.
    """
    from r1plan.catalog.load import load_models
    from r1plan.models.store.find import find_here

    found = find_here(load_models(), typed, models_on_disk().models)
    if not found.usable:
        if found.unusable:
            raise _unusable(typed, found.unusable[0])
        return None
    chosen, fits = _best(found)
    name = log_name(chosen)
    others = tuple(dict.fromkeys(_label(each) for each in found.usable if each is not chosen))
    stored = chosen.stored
    note = FoundOnDisk(typed, _label(chosen), stored.path, stored.store, others, fits, found.taken)
    return LocalTarget(stored.path, name), note


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


def _best(found: FoundHere) -> tuple[StoredModel, bool | None]:
    """The file that `recommend` would take of those that are here, and whether it fits."""
    from r1plan.plan.llamacpp.file_option import best_option

    if len(found.usable) == 1:
        return found.usable[0], None
    options: dict[str, tuple[StoredModel, Option]] = {}
    for each in found.usable:
        option = _option(each)
        if option is not None:
            options.setdefault(option.id, (each, option))
    best = best_option([option for _, option in options.values()])
    if best is None:
        return min(found.usable, key=lambda each: each.stored.bytes), None
    return options[best.id][0], best.fits


def _option(model: StoredModel) -> Option | None:
    from r1plan.catalog.load import load_hardware
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.hardware.detect import detect
    from r1plan.plan.llamacpp.file_option import file_option
    from r1plan.settings import directories

    if model.file is None:
        return None
    return file_option(detect(load_hardware, directories().data), model.file, load_quant_tables())


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


def _text(path: Path) -> str | None:
    from r1plan.files.plain import plain_bytes

    try:
        return plain_bytes(path, _MOST_SETTINGS_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
