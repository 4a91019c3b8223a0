"""What a person names to be measured: a model file on this disk, however it is called."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import NotFound
from r1plan.settings import expanded

if TYPE_CHECKING:
    from r1plan.ask.notes import FoundOnDisk


def file_named(typed: str, now: datetime) -> tuple[Path, FoundOnDisk | None]:
    """The file that `typed` names, as a chat finds it, and how it was found where that is worth a word.

    Raises EngineError for a model that is not here or cannot be used, NotFound for a name that means nothing.
    """
    from r1plan.ask.not_here import hub_file_not_here, not_here
    from r1plan.ask.on_disk import target_on_disk
    from r1plan.ask.target import model_here
    from r1plan.catalog.load import load_models
    from r1plan.models.reference import HubFile, model_reference

    if (file := model_here(typed)) is not None:
        return file.path, None
    reference = model_reference(typed)
    name = reference.address if isinstance(reference, HubFile) else typed
    if (found := target_on_disk(name)) is not None:
        return found.target.path, found.note
    path = expanded(Path(typed))
    if typed.strip() and _is_there(path):
        return path, None
    if isinstance(reference, HubFile):
        raise hub_file_not_here(reference.address)
    models = load_models()
    error = not_here(typed, models, {}, now)
    raise error or NotFound.among("model", typed, models, "name a model, a .gguf file or a server's address")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than any name, or no text
        return False
