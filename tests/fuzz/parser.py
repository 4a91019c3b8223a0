"""What a fuzzed parser is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class FuzzedParser:
    """A parser that is handed inputs.

    `make` draws an input; `opened` gives, for as long as it is entered, the function that reads one and says in a few
    words what became of it. `inputs_a_read` is how many inputs one drawing holds, such as lines of a log.
    """

    name: str
    make: Callable[[Random], bytes]
    opened: Callable[[], AbstractContextManager[Callable[[bytes], str]]]
    inputs_a_read: int = 1
    spends_elsewhere: bool = False
    """Whether its work is done by another process, so that this one's processor time says nothing."""
