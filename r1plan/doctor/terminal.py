"""The terminal: what it can show, and whether Tab completes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from r1plan.doctor.state import State

LEAST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """`kind` is TERM. `columns` None: standard output is no terminal."""

    encoding: str
    columns: int | None
    kind: str

    @property
    def is_utf8(self) -> bool:
        """Whether it shows every character."""
        return self.encoding.casefold().replace("-", "") == "utf8"

    @property
    def is_narrow(self) -> bool:
        """Whether tables are broken up."""
        return self.columns is not None and self.columns < LEAST_COLUMNS

    @property
    def state(self) -> State:
        """It shows less than it could, never wrong things."""
        return "ok" if self.is_utf8 and not self.is_narrow else "note"


def terminal(encoding: str | None, columns: int | None, environ: Mapping[str, str]) -> TerminalFacts:
    """What standard output's `encoding` and `columns` say."""
    return TerminalFacts(encoding or "unknown", columns, environ.get("TERM", ""))
