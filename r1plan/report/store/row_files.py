"""The rows of large logs, each log's in a Parquet file: smaller than a table of them, and read again in less time."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.ledger.entry import UsageEntry
from r1plan.report.database import sql, sql_text
from r1plan.report.log_source import LogSource
from r1plan.report.sources.relation import literal
from r1plan.report.spend import ReportWarning
from r1plan.report.store.plain_lines import bytes_of, bytes_of_lines, line_values, looks_plain
from r1plan.report.store.quick_table import quick_bytes_statement, quick_statement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from r1plan.report.store.kept_rows import KeptRows

# Of less a table is made at once.
LARGE_BYTES = 8 << 20


class RowFiles:
    """The large logs of a report, by number. `kept` is where their rows are, or will be, for whoever asks again."""

    def __init__(
        self, database: DuckDBPyConnection, row: type, kept: KeptRows | None, large_bytes: int = LARGE_BYTES
    ) -> None:
        self._database, self._row, self._large_bytes = database, row, large_bytes
        self._kept = kept if row is UsageEntry else None
        self._files: dict[int, Path] = {}
        self._warnings: dict[int, tuple[ReportWarning, ...]] = {}

    def read(self, number: int, source: LogSource) -> Collection[int] | None:
        """The places of the unusable lines of `source`; None where it is not large, or not our own writer's alone."""
        if bytes_of(source) < self._large_bytes:
            return None
        found = self._kept.found(source) if self._kept is not None else None
        if found is not None:
            self._files[number], self._warnings[number] = found
            return ()
        return self._written(number, source) if looks_plain(source, self._row) else None

    def _written(self, number: int, source: LogSource) -> Collection[int] | None:
        path = self._kept.place(source) if self._kept is not None else None
        if path is None:
            ((folder,),) = self._database.execute("SELECT current_setting('temp_directory')").fetchall()
            path = Path(folder) / f"{number}.parquet"
        statement = f"COPY ({quick_statement(self._row)}) TO {sql_text(str(path))} (FORMAT parquet)"
        self._database.execute(statement, line_values({number: source}))
        rows = f"read_parquet({sql_text(literal(path))}, file_row_number = true)"
        unusable = f"SELECT file_row_number FROM {rows} WHERE NOT usable"  # noqa: S608
        places = {place for (place,) in self._database.execute(unusable).fetchall()}
        told = dict(self._database.execute(quick_bytes_statement(self._row, rows)).fetchall()).get(1, 0)
        if bytes_of_lines(source, places) + told != bytes_of(source):
            path.unlink()
            return None
        self._files[number] = path
        return places

    def warnings(self, number: int) -> tuple[ReportWarning, ...] | None:
        """What was kept of the warnings about the lines of a log; None where they have to be found."""
        return self._warnings.get(number)

    def keep(self, number: int, source: LogSource, warnings: tuple[ReportWarning, ...]) -> None:
        """Keep what was read of `source`, and the `warnings` about its lines, for whoever asks again."""
        if self._kept is not None and number in self._files and number not in self._warnings:
            self._kept.keep(source, self._files[number], warnings)

    def view(self, *, has_lines: bool) -> str:
        """SQL: the view `own_row` of the rows of all logs, those in the table `logged` where it `has_lines`."""
        parts = [sql("own_row")] if has_lines else []
        for number, path in self._files.items():
            parts.append(sql("own_row_file").replace("$number", str(number)).replace("$path", sql_text(literal(path))))
        return f"CREATE VIEW own_row AS {' UNION ALL BY NAME '.join(parts)}"
