"""Rows on their way between the database here and the cluster, each column of the same type on both sides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from r1plan.report.database import sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType, StructType

_BATCH_ROWS = 50_000
# More rows than this are not sent to every worker.
_FEW_ROWS = 100_000


def to_spark(database: DuckDBPyConnection, spark: SparkSession, select: str) -> DataFrame:
    """What `select` finds in `database`, on the cluster; where it is small, with every worker."""
    from pyspark.sql.types import StructField, StructType

    described = database.execute(f"DESCRIBE {select}").fetchall()
    schema = StructType([StructField(name, _spark_type(kind)) for name, kind, *_ in described])
    found = database.execute(select).fetchall()
    frame = spark.createDataFrame(found, schema, verifySchema=False)
    return frame.hint("broadcast") if len(found) <= _FEW_ROWS else frame


def to_duckdb(database: DuckDBPyConnection, name: str, frame: DataFrame, wide: Iterable[str] = ()) -> None:
    """Make the table `name` of the rows of `frame`; the columns `wide` are whole numbers of more than 64 bits."""
    schema, numbers = frame.schema, set(wide)
    columns = {each.name: _duckdb_type(each.dataType, each.name in numbers) for each in schema.fields}
    typed = ", ".join(f"{sql_name(each)} {kind}" for each, kind in columns.items())
    database.execute(f"CREATE OR REPLACE TABLE {sql_name(name)} ({typed})")
    values = ", ".join(f"unnest(CAST($c{place} AS {kind}[]))" for place, kind in enumerate(columns.values()))
    rows = frame.toLocalIterator()
    while batch := list(islice(rows, _BATCH_ROWS)):
        lists = {
            f"c{place}": [_stored(each) for each in column] for place, column in enumerate(zip(*batch, strict=True))
        }
        database.execute(f"INSERT INTO {sql_name(name)} SELECT {values}", lists)


def fetched(frame: DataFrame, wide: Iterable[str] = ()) -> list[tuple[Any, ...]]:
    """The rows of `frame` as DuckDB gives them."""
    numbers = set(wide)
    whole = {
        place
        for place, each in enumerate(frame.schema.fields)
        if each.name in numbers or each.dataType.simpleString() == "decimal(38,0)"
    }
    return [
        tuple(int(value) if place in whole and value is not None else _plain(value) for place, value in enumerate(row))
        for row in frame.collect()
    ]


def _plain(value: object) -> object:
    """`value`, a record by the names of its fields."""
    from pyspark.sql import Row

    return value.asDict() if isinstance(value, Row) else value


def wider(narrow: StructType, wide: StructType) -> list[str]:
    """The whole numbers of the columns `narrow` that have more than 64 bits in `wide`."""
    return [
        before.name
        for before, after in zip(narrow.fields, wide.fields, strict=True)
        if before.dataType.simpleString() == "bigint" and after.dataType.simpleString().startswith("decimal")
    ]


def _stored(value: object) -> object:
    # A list of decimals is cast by their texts: as values, all would have to have one scale.
    return format(value, "f") if isinstance(value, Decimal) else value


_SPARK = {
    "VARCHAR": "string",
    "JSON": "string",
    "BOOLEAN": "boolean",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "UBIGINT": "decimal(20,0)",
    "HUGEINT": "decimal(38,0)",
    "DOUBLE": "double",
    "DATE": "date",
    # Of a table without rows.
    '"NULL"': "void",
}
_DUCKDB = {
    "string": "VARCHAR",
    "void": "VARCHAR",
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
}


def _spark_type(kind: str) -> DataType:
    from pyspark.sql.types import _parse_datatype_string

    if kind.endswith("[]"):
        text = f"array<{_SPARK[kind.removesuffix('[]')]}>"
    else:
        text = kind.lower() if kind.startswith("DECIMAL") else _SPARK[kind]
    return _parse_datatype_string(text)


def _duckdb_type(kind: DataType, is_wide: bool) -> str:
    text = str(kind.simpleString())
    if is_wide:
        return "HUGEINT"
    if found := re.fullmatch(r"decimal\(([0-9]+),([0-9]+)\)", text):
        return f"DECIMAL({found[1]}, {found[2]})"
    if text.startswith("array<"):
        return f"{_DUCKDB[text[6:-1]]}[]"
    return _DUCKDB.get(text, text.upper())
