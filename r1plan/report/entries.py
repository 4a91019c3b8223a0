"""The log rows in the database: every usable one once, every other one named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection

from r1plan.report.badline import INSTANT, reason
from r1plan.report.database import rows, sql
from r1plan.report.spend import ReportWarning

_NAMED_IDS = 5


def load_entries(database: DuckDBPyConnection, logs: Sequence[Path]) -> list[ReportWarning]:
    """Fill the table `entry` from `logs`, the last row of each id, and say what could not be used.

    A file that cannot be opened is one warning; without any readable file the table is not made.
    """
    warnings, readable = [], []
    for log in logs:
        try:
            log.open("rb").close()
            readable.append(log)
        except OSError as error:
            warnings.append(ReportWarning(kind="unreadable_file", file=str(log), reason=error.strerror))
    if not readable:
        return warnings
    names = [str(log) for log in readable]
    database.execute(sql("entry").replace("INSTANT", INSTANT.pattern), {"files": [_literal(name) for name in names]})
    unusable: dict[str, set[int]] = {}
    for row in rows(database, sql("unusable")):
        unusable.setdefault(row["file"], set()).add(row["ordinal"])
    seen = {row["file"] for row in rows(database, "SELECT DISTINCT file FROM entry")}
    for name in names:
        # DuckDB sees no row at all in a file of one byte.
        ordinals = unusable.get(name) if name in seen else None
        if ordinals or name not in seen:
            warnings += _bad_lines(name, ordinals)
    database.execute(sql("repeated"))
    repeated = rows(database, "SELECT id FROM repeated WHERE ends > 1 ORDER BY last_row")
    if repeated:
        ids = tuple(row["id"] for row in repeated[:_NAMED_IDS])
        warnings.append(ReportWarning(kind="duplicate_ids", count=len(repeated), ids=ids))
    database.execute("DELETE FROM entry USING repeated WHERE entry.id = repeated.id AND entry.rowid <> last_row")
    return warnings


def _literal(name: str) -> str:
    """`name` so that DuckDB, which expands patterns, reads that file alone."""
    return re.sub(r"[*?\[]", r"[\g<0>]", name)


def _bad_lines(file: str, ordinals: set[int] | None) -> Iterator[ReportWarning]:
    """A warning for each line of `file` whose place among the lines that are not blank is in `ordinals`; None: all."""
    ordinal = 0
    with Path(file).open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                if ordinals is None or ordinal in ordinals:
                    yield ReportWarning(kind="bad_line", file=file, line=number, reason=reason(line))
                ordinal += 1
