"""Where a person types when the answers go into a pipe or the terminal can do nothing."""

from __future__ import annotations

import sys
from contextlib import suppress

from r1plan.engine.dialects.surrogates import whole


class PlainReader:
    """Reads questions a line at a time, with the line editing of the system."""

    def read(self) -> str | None:
        """What was typed, stripped; None for the end."""
        with suppress(ImportError):  # Windows edits lines itself
            import readline  # noqa: F401  # gives input() its line editing
        from r1plan.render.output import note

        try:
            line = input("> " if sys.stdout.isatty() else "")
        except EOFError:
            note("")
            return None
        # Bytes that are no text come as halves of characters, which can neither be sent nor logged.
        return whole(line).strip()
