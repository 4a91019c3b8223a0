"""One database for a report: what holds every request is on a Spark cluster, what was summed of it is here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection
from sqlglot import exp

from r1plan.report.spark.transfer import fetched, to_duckdb, to_spark, wider
from r1plan.report.spark.translate import is_sorted, parsed, selects, spark_sql, tables_in

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_WORD = re.compile(r"\w+")
# Single requests, whether a statement calls them a view or a table: they stay with the workers. Those that many read
# are made once.
_REQUESTS, _MADE_ONCE = frozenset({"other_request", "other_priced"}), frozenset({"priced", "other_priced"})


class SparkCursor:
    """What a statement found on the cluster."""

    def __init__(self, names: Sequence[str], found: list[tuple[Any, ...]]) -> None:
        self.description = [(name,) for name in names]
        self._found = found

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._found


class SparkDatabase:
    """Runs each statement where its rows are: on the cluster those that read a view there, in DuckDB all others.

    A view that a statement makes of one on the cluster is there too. A table is always in DuckDB, and is sent to the
    cluster where a statement reads it there. So whoever works with a DuckDB connection works with this.
    """

    def __init__(self, here: DuckDBPyConnection, spark: SparkSession) -> None:
        self.here, self.spark = here, spark
        self._there: set[str] = set()
        self._sent: set[str] = set()

    def execute(self, statement: str, values: Mapping[str, object] | None = None) -> Any:
        """Run `statement`, which is DuckDB's; the answer has `description` and `fetchall`."""
        words = set(_WORD.findall(statement))
        tree = parsed(statement) if words & self._there else None
        read = set[str]() if tree is None else tables_in(tree)
        if tree is None or not read & self._there:
            self._sent -= words
            return self.here.execute(statement, values) if values else self.here.execute(statement)
        for name in sorted(read - self._there - self._sent):
            self.add_view(name, to_spark(self.here, self.spark, f'SELECT * FROM "{name}"'), is_there=False)
        if not isinstance(tree, exp.Create):
            return self._found(tree, values or {})
        name = tree.this.name
        if tree.kind == "VIEW" or name in _REQUESTS:
            frame = self._frame(tree.expression, values or {})[0]
            self.add_view(name, made_once(frame) if name in _MADE_ONCE else frame)
        else:
            self._store(name, tree.expression, values or {})
        return SparkCursor((), [])

    def cursor(self) -> Any:
        """A cursor of the database here."""
        return self.here.cursor()

    def add_view(self, name: str, frame: DataFrame, *, is_there: bool = True) -> None:
        """Call `frame` `name` on the cluster; `is_there` False: it is a copy of a table of that name here."""
        frame.createOrReplaceTempView(name)
        (self._there if is_there else self._sent).add(name)

    def _found(self, query: exp.Expr, values: Mapping[str, object]) -> SparkCursor:
        def answer(frame: DataFrame, wide: Sequence[str]) -> SparkCursor:
            return SparkCursor(frame.columns, fetched(frame, wide))

        found: SparkCursor = self._with_room(query, values, answer)
        return found

    def _store(self, name: str, query: exp.Expr, values: Mapping[str, object]) -> None:
        def store(frame: DataFrame, wide: Sequence[str]) -> None:
            to_duckdb(self.here, name, frame, wide)

        self._with_room(query, values, store)
        self._sent.discard(name)

    def _with_room(self, query: exp.Expr, values: Mapping[str, object], use: Any) -> Any:
        """What `use` makes of the rows of `query`: where a sum has more than 64 bits, of sums with room for them."""
        from pyspark.errors import ArithmeticException

        frame, schema = self._frame(query.copy(), values)
        try:
            return use(frame, ())
        except ArithmeticException:
            wide, wide_schema = self._frame(query, values, is_wide=True)
            return use(wide, wider(schema, wide_schema))

    def _frame(self, query: exp.Expr, values: Mapping[str, object], *, is_wide: bool = False) -> tuple[DataFrame, Any]:
        parts = selects(query)
        frame, *others = (self.spark.sql(spark_sql(each, values, self._columns_of, is_wide=is_wide)) for each in parts)
        for other in others:
            frame = frame.unionByName(other, allowMissingColumns=True)
        if others and is_sorted(query):
            frame = frame.orderBy(*(frame[each].asc_nulls_last() for each in frame.columns))
        return frame, frame.schema

    def _columns_of(self, name: str) -> Sequence[str]:
        return list(self.spark.table(name).columns)


def made_once(frame: DataFrame) -> DataFrame:
    """The rows of `frame`, made now: the workers keep them, on their disks where memory is short.

    What reads them is planned as if they came out of a file: else every statement is planned from the lines on.
    """
    from pyspark import StorageLevel

    return frame.localCheckpoint(eager=True, storageLevel=StorageLevel.MEMORY_AND_DISK)
