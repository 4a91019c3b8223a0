"""DuckDB in memory, or beside it in a folder of its own, with the SQL of sql/: one file a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from r1plan.errors import LogError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# A report of any size takes no more: the rest of its rows is in a file meanwhile.
_MEMORY_MIB = 512
# Each thread reads lines of any ordinary length into a buffer of its own.
_MOST_THREADS, _BUFFER_MIB = 8, 64


@contextmanager
def open_database() -> Iterator[DuckDBPyConnection]:
    """An empty database that fetches no extension, now or when a query would want one.

    What does not fit into memory is in a folder that goes with it. What the database cannot do in the `with` is a
    LogError.
    """
    # A report that is kept needs none.
    from duckdb import Error as DatabaseError
    from duckdb import connect

    try:
        with (
            TemporaryDirectory(prefix="r1plan-", ignore_cleanup_errors=True) as folder,
            connect(
                ":memory:",
                config={
                    "temp_directory": folder,
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "allow_community_extensions": "false",
                },
            ) as database,
        ):
            yield database
    except DatabaseError as error:
        problem = str(error).strip().partition("\n")[0].rstrip(".")
        raise LogError(f"the usage logs cannot be added up: {problem}.", "give fewer or smaller logs") from error


def bound_memory(database: DuckDBPyConnection) -> None:
    """Let `database` keep no more in memory than a report over logs of any size should take."""
    ((threads,),) = database.execute("SELECT current_setting('threads')").fetchall()
    threads = min(int(threads), _MOST_THREADS)
    database.execute(f"SET threads = {threads}")
    more = max(0, threads - 2) * _BUFFER_MIB
    database.execute(f"SET memory_limit = '{_MEMORY_MIB + more}MiB'")


def sql(name: str) -> str:
    """The text of sql/`name`.sql."""
    return files("r1plan.report").joinpath(f"sql/{name}.sql").read_text("utf-8")


def sql_text(text: str) -> str:
    """`text` as a text of SQL."""
    return "'" + text.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """`name` as the name of a column or table in SQL, whatever signs are in it."""
    return '"' + name.replace('"', '""') + '"'


def rows(
    database: DuckDBPyConnection, statement: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """What `statement` selects, each row by the names of its columns. They go straight into a dataclass or a sum."""
    cursor = database.execute(statement, dict(values) if values else None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
