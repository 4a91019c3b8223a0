"""Where output goes: the result on stdout, notes and hints on stderr; with `--json` one document and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def columns() -> int:
    """How wide what goes to stdout may be: COLUMNS, else its terminal; 120 where that is none."""
    return shutil.get_terminal_size((120, 24)).columns


def styled() -> bool:
    """Whether stdout is a terminal that shows bold letters."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def note(text: str) -> None:
    """A sentence for the person, on stderr; on a terminal dimmed and wrapped between words."""
    from r1plan.render.text.sanitize import printable

    line = printable(text)
    if sys.stderr.isatty():
        from r1plan.render.text.dim import dimmed
        from r1plan.render.text.wrap import wrapped

        width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        line = dimmed("\n".join(wrapped(text, width)))
    sys.stdout.flush()  # so that both streams keep their order where they meet
    print(line, file=sys.stderr, flush=True)


def document(fields: Mapping[str, Any]) -> None:
    """`fields` as one JSON document on stdout. Decimals are strings, instants ISO 8601."""
    from r1plan.render.text.sanitize import escaped

    # What the encoding lacks must be an escape of JSON's own.
    lacks = not (sys.stdout.encoding or "").lower().startswith("utf")
    print(escaped(json.dumps(fields, ensure_ascii=lacks, indent=2, default=_plain)))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
