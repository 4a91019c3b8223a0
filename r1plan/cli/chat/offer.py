"""Offers to fetch a model that was named for a chat and is not on this machine, where a person can be asked."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.ask.not_here import ModelNotHere
from r1plan.errors import EngineError

if TYPE_CHECKING:
    from r1plan.models.pull.access import HubAccess
    from r1plan.models.pull.pinned import WantedModel

_EXTRA = "pip install 'r1plan[hub]'"


def offered(error: ModelNotHere) -> Path | None:
    """Ask whether what is not here is to be fetched, and fetch it: the file to run. None: nobody wants it.

    Raises what says that it cannot be had, or has no room, and KeyboardInterrupt for Ctrl-C.
    """
    from r1plan.ask.local.run import engine_machine
    from r1plan.cli.agreed import agreed
    from r1plan.cli.models.fetching import fetched
    from r1plan.cli.models.wanted import wanted_model
    from r1plan.models.pull.access import hub_access
    from r1plan.render.pull.words import offer_text

    access = hub_access(os.environ)
    if access.is_offline:
        raise EngineError(error.message, f"unset HF_HUB_OFFLINE, which forbids to fetch it; {error.hint}")
    if find_spec("huggingface_hub") is None:
        raise EngineError(error.message, f"{_EXTRA} adds what fetches it; then {error.hint}")
    wanted = wanted_model(error.pull, None, None, engine_machine())
    size = _bytes(wanted, access)
    _check_room(wanted, size, access)
    said = offer_text(error.message, wanted, size, access.host, _rate())
    if not agreed(said, default=False):
        return None
    return fetched(wanted.files, access).path


def _rate() -> float | None:
    """Bytes a second of the last download, None where there was none."""
    from r1plan.cli.models.fetching import FOLDER
    from r1plan.models.pull.rate import measured_rate
    from r1plan.settings import directories

    return measured_rate(directories().data / FOLDER)


def _bytes(wanted: WantedModel, access: HubAccess) -> int:
    """How large the files are; of those that no catalogue has, the hub says it."""
    if wanted.chosen_bytes is not None:
        return wanted.chosen_bytes
    if wanted.model is not None:
        from r1plan.catalog.load import load_models

        known = next((each for each in load_models()[wanted.model].quants if each.name == wanted.quant), None)
        if known is not None:
            return known.file_bytes
    from r1plan.cli.models.fetching import bytes_there

    return bytes_there(wanted.files, access)


def _check_room(wanted: WantedModel, size: int, access: HubAccess) -> None:
    """Raise EngineError where the disk of the cache has no room for it."""
    from r1plan.hardware.host import free_disk
    from r1plan.render.pull.words import size_text

    disk = free_disk(access.cache)
    if disk is not None and disk.free_bytes < size:
        raise EngineError(
            f"{wanted.files.repo} needs {size_text(size)} on the disk of {access.cache}, "
            f"where {size_text(disk.free_bytes)} are free.",
            "free some room, name a smaller quant, or set HF_HOME to a folder on a larger disk",
        )
