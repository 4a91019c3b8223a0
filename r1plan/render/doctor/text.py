"""A finding as text: what is there, and what to type."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepText:
    """One thing to do or to know. `command` is copied whole; None: there is nothing to type."""

    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class FindingText:
    """`topic` is one word, `mend` what to type or change; None: there is nothing to mend.

    `steps` say the same in more than one line, in the order in which it is done.
    """

    topic: str
    found: str
    mend: str | None = None
    steps: tuple[StepText, ...] = ()
