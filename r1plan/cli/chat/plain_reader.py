"""Where a person types when the answers go into a pipe or the terminal can do nothing."""

from __future__ import annotations

import sys


class PlainReader:
    """Reads questions a line at a time, with the line editing of the system."""

    def read(self) -> str | None:
        """What was typed, stripped; None for the end."""
        import readline  # noqa: F401  # gives input() its line editing

        try:
            return input("> " if sys.stdout.isatty() else "").strip()
        except EOFError:
            print(file=sys.stderr)
            return None
