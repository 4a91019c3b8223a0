"""DuckDB in memory, with the SQL of sql/: one file a step."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from duckdb import DuckDBPyConnection, connect


def open_database() -> DuckDBPyConnection:
    """An empty database that fetches no extension, now or when a query would want one."""
    return connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        },
    )


def sql(name: str) -> str:
    """The text of sql/`name`.sql."""
    return files("r1plan.report").joinpath(f"sql/{name}.sql").read_text("utf-8")


def rows(
    database: DuckDBPyConnection, statement: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """What `statement` selects, each row by the names of its columns. They go straight into a dataclass or a sum."""
    cursor = database.execute(statement, dict(values) if values else None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
