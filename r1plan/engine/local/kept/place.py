"""Where what a model here has read of a conversation may be kept from one run to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StatePlace:
    """The file of one conversation. `make_room` makes room for so many bytes; False: none may be written."""

    path: Path
    make_room: Callable[[int], bool]
