"""Whether what was fetched is a model: its bytes are what the hub has, and that may be anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from r1plan.errors import EngineError, R1PlanError
from r1plan.models.gguf.file import read_gguf
from r1plan.models.gguf.model import UnknownArchitecture, model_file
from r1plan.models.gguf.source import LocalFile

if TYPE_CHECKING:
    from r1plan.catalog.model import Model
    from r1plan.models.pull.pull import PulledModel


def content_name(pulled: PulledModel, known: Iterable[Model]) -> str:
    """What a chat is given to run it: the model and quant that its header says, or the path of one of no catalogue.

    What is no model stays in the cache all the same. Raises EngineError for it and for what is damaged, saying what it
    is, and for an architecture that r1plan does not plan for.
    """
    model = pulled.model
    try:
        read = model_file(read_gguf(LocalFile(pulled.path)), known, (model.repo,))
    except UnknownArchitecture as error:
        raise EngineError(
            f"{error.message.rstrip('.')}, which r1plan does not plan for.",
            f"it is here, and llama.cpp may know it: {pulled.path}",
        ) from error
    except R1PlanError as error:
        raise EngineError(
            f"{error.message.rstrip('.')}; it is the same at {model.repo}.",
            f"r1plan models remove hf:{model.repo}/{pulled.files[0].file.name} removes it; take another file or "
            "repository",
        ) from error
    return str(pulled.path) if read.known is None else f"{read.known.id}:{read.quant.name}"
