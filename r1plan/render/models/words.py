"""The sentences of a list of models, from what was found of each."""

from __future__ import annotations

from typing import Literal

from r1plan.models.store.look import StoredModel, StoreTrouble
from r1plan.models.store.places import StoreName
from r1plan.render.text.units import count

STORE_NAMES: dict[StoreName, str] = {
    "r1plan": "r1plan's own folder",
    "huggingface": "Hugging Face's cache",
    "ollama": "Ollama's store",
    "lmstudio": "LM Studio's folder",
    "llama.cpp": "llama.cpp's cache",
}

ModelState = Literal["ready", "unplanned", "unfinished", "outside", "gone", "damaged", "not_a_model", "not_read"]
"""What can be done with a file: run and planned for; run where the engine knows it; nothing, for the reason it says."""


def state_of(model: StoredModel) -> ModelState:
    """What can be done with a model that is here."""
    if model.stored.flaw is not None:
        return model.stored.flaw
    if not model.is_model:
        return "not_a_model"
    if model.problem is not None:
        return "damaged"
    if model.gguf is None:
        return "not_read"
    return "unplanned" if model.file is None else "ready"


def state_text(model: StoredModel) -> str:
    """What is wrong with it, or not known; nothing of one that is ready."""
    match state_of(model):
        case "ready":
            return ""
        case "unplanned":
            architecture = None if model.gguf is None else model.gguf.text("general.architecture")
            return f"the architecture {architecture!r}, which r1plan does not plan for"
        case "unfinished":
            return "a download that has not ended"
        case "outside":
            return "a link that leads out of its store, and is not followed"
        case "gone":
            return "its bytes are gone: download it again"
        case "not_read":
            return "not looked into: the time was over"
        case _:
            return (model.problem or "").rstrip(".")


def trouble_text(each: StoreTrouble) -> str:
    """Why a store is not shown whole."""
    whose = f"{STORE_NAMES[each.place.store]} ({each.place.path})"
    match each.trouble:
        case "unreadable":
            first = each.paths[0]
            more = f" and {count(len(each.paths) - 1, 'folder')} more" if len(each.paths) > 1 else ""
            return f"{whose}: {first}{more} may not be read by this user."
        case "too_many":
            return f"{whose} holds more files than are looked at: not all is shown."
        case "too_slow":
            return f"{whose} is slow or large: not all of it was looked into in time."
        case "no_answer":
            return f"{whose} did not answer in time."
