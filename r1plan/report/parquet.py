"""A small table as a Parquet file, written by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from r1plan.report.database import open_database, sql_name, sql_text


def parquet_bytes(columns: Mapping[str, str], lines: Sequence[Sequence[str | None]], about: Mapping[str, str]) -> bytes:
    """The file with `columns`, a DuckDB type by name, and `lines` of values as text, None where there is none.

    `about` is kept with the file as its own metadata.
    """
    typed = ", ".join(
        f"CAST(line[{place}] AS {kind}) AS {sql_name(name)}" for place, (name, kind) in enumerate(columns.items(), 1)
    )
    metadata = ", ".join(f"{name}: {sql_text(value)}" for name, value in about.items())
    with TemporaryDirectory(prefix="r1plan-") as folder, open_database() as database:
        file = Path(folder) / "report.parquet"
        database.execute(
            "CREATE TABLE written AS SELECT unnest(CAST($lines AS VARCHAR[][])) AS line", {"lines": list(lines)}
        )
        database.execute(
            f"COPY (SELECT {typed} FROM written ORDER BY rowid) TO {sql_text(str(file))} "  # noqa: S608
            f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{metadata}}})"
        )
        return file.read_bytes()
