"""The log rows in the database: every usable one once, every other one named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection

from r1plan.ledger.entry import UsageEntry
from r1plan.report.database import rows, sql
from r1plan.report.entry_table import entry_statement
from r1plan.report.invalid_line import fault_of
from r1plan.report.spend import ReportWarning

_NAMED_IDS = 5


def load_entries(database: DuckDBPyConnection, logs: Sequence[Path], row: type = UsageEntry) -> list[ReportWarning]:
    """Fill the table `entry` from `logs`, the last row of each id, and say what could not be used.

    `row` has the columns of a line. A file that cannot be opened is one warning; without any readable file the table is
    not made.
    """
    warnings, readable = [], []
    for log in logs:
        try:
            log.open("rb").close()
            readable.append(log)
        except OSError as error:
            warnings.append(ReportWarning(kind="unreadable_file", file=str(log), os_error=error.strerror))
    if not readable:
        return warnings
    names = [str(log) for log in readable]
    database.execute(entry_statement(row), {"files": [_literal(name) for name in names]})
    unusable: dict[str, set[int]] = {}
    for each in rows(database, sql("unusable")):
        unusable.setdefault(each["file"], set()).add(each["ordinal"])
    seen = {each["file"] for each in rows(database, "SELECT DISTINCT file FROM entry")}
    for name in names:
        # DuckDB sees no row at all in a file of one byte.
        ordinals = unusable.get(name) if name in seen else None
        if ordinals or name not in seen:
            warnings += _invalid_lines(name, ordinals, row)
    database.execute(sql("repeated"))
    repeated = rows(database, "SELECT id FROM repeated WHERE ends > 1 ORDER BY last_row")
    if repeated:
        ids = tuple(each["id"] for each in repeated[:_NAMED_IDS])
        warnings.append(ReportWarning(kind="duplicate_ids", count=len(repeated), ids=ids))
    database.execute("DELETE FROM entry USING repeated WHERE entry.id = repeated.id AND entry.rowid <> last_row")
    return warnings


def _literal(name: str) -> str:
    """`name` so that DuckDB, which expands patterns, reads that file alone."""
    return re.sub(r"[*?\[]", r"[\g<0>]", name)


def _invalid_lines(file: str, ordinals: set[int] | None, row: type) -> Iterator[ReportWarning]:
    """A warning for each line of `file` whose place among the lines that are not blank is in `ordinals`; None: all."""
    ordinal = 0
    with Path(file).open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                if ordinals is None or ordinal in ordinals:
                    yield ReportWarning(kind="bad_line", file=file, line=number, fault=fault_of(line, row))
                ordinal += 1
