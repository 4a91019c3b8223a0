"""First step of a report: the rows of every file that is given, in the table `entry`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from duckdb import DuckDBPyConnection

from r1plan.report.database import bound_memory
from r1plan.report.entries import load_entries
from r1plan.report.question import SpendQuestion
from r1plan.report.sources.opening import open_sources
from r1plan.report.sources.plain import OpenedSources
from r1plan.report.spend import ImportedFiles, ReportWarning
from r1plan.report.store.kept_rows import KeptRows

# A document is one value, and has to fit into memory as a whole.
_STREAMED = ("lines", "csv", "parquet")


@dataclass(slots=True, kw_only=True)
class RowsRead:
    """What was read: our `own` logs, what was `imported` of other tools' files, and what is wrong with any of them."""

    own: list[Path] = field(default_factory=list)
    imported: list[ImportedFiles] = field(default_factory=list)
    warnings: list[ReportWarning] = field(default_factory=list)
    is_nothing: bool = False


def read_rows(database: DuckDBPyConnection, question: SpendQuestion, copies: ExitStack) -> RowsRead:
    """Fill the table `entry` with the rows of the logs of `question`; `copies` removes what had to be copied.

    Where nothing can be read `is_nothing` is set, and there is no such table.
    """
    kept = KeptRows(question.rows_in) if question.rows_in is not None and question.engine == "duckdb" else None
    opened = open_sources(
        question.logs,
        database,
        copies,
        forced_to=question.importer,
        found=question.found,
        is_kept=lambda source: kept is not None and kept.found(source) is not None,
    )
    read = RowsRead(own=[each.file for each in opened.own], warnings=opened.warnings)
    adds = question.imported is not None or bool(opened.foreign)
    if not opened.own and not adds and read.warnings:
        read.is_nothing = True
        return read
    if _is_streamed(opened):
        bound_memory(database)

    def add(database: DuckDBPyConnection) -> Iterator[ReportWarning]:
        if question.imported is not None:
            yield from question.imported(database)
        if opened.foreign:
            yield from _import(database, opened, question, read)

    imported = add if adds else None
    if isinstance(database, DuckDBPyConnection):
        read.warnings += load_entries(database, opened.own, imported=imported, kept=kept)
    else:
        from r1plan.report.spark.load import load_entries as load_on_cluster

        read.warnings += load_on_cluster(database, opened.own, imported=imported)
    return read


def _is_streamed(opened: OpenedSources) -> bool:
    """Whether no file has a value that fits into memory only as a whole, such as a long line."""
    sources = (*opened.own, *(each.source for each in opened.foreign))
    return all(each.layout in _STREAMED for each in opened.foreign) and not any(each.has_wide_lines for each in sources)


def _import(
    database: DuckDBPyConnection, opened: OpenedSources, question: SpendQuestion, read: RowsRead
) -> Iterator[ReportWarning]:
    """Add the rows of the other tools' files; what was read of them goes into `read`."""
    from r1plan.report.importers.load import load_imported
    from r1plan.report.importers.names import OurNames

    imported, warnings = load_imported(database, opened.foreign, OurNames(question.sellers(), question.book))
    read.imported += imported
    yield from warnings
