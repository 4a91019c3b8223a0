"""The lines of our own logs as rows, read by the workers: strictly, for whatever is odd is left to the reader here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import (
    FIGURE,
    INSTANT,
    NAME,
    NUMBER,
    OBJECT,
    SCHEMA,
    STATUS,
    TEXT,
    TOKENS,
    USD,
    WORDS,
    Column,
    Kind,
    report_columns,
)
from r1plan.report.entry_table import text_pattern

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Behind each line, to see that a value of JSON ended where the line does.
_END = "r1plan-end-of-line"
_BLANK = r"[ \t\n\r\x0b\f]*"
_COMMA_AT_END = r",[ \t\r]*\}[ \t\n\r\x0b\f]*\z"
# An object that every writer of JSON writes alike, but for spaces.
_STRING, _PLAIN = r'"[^"\\]*"', r'("[^"\\]*"|-?[0-9]{1,15}|true|false|null)'
_FLAT = rf"\{{({_STRING}:{_PLAIN}(,{_STRING}:{_PLAIN})*)?\}}"
_MOST = 10**18
# What readers of JSON read differently, and our writer does not write: half a character, a zero byte, minus nothing.
_ODD = ("\\u0000", "\\ud", "\\uD", ":-0", ": -0")

_TEXT = "try_variant_get(line, '$[0].{name}', 'string')"
_TYPE = "schema_of_variant(try_variant_get(line, '$[0].{name}', 'variant'))"
_DECIMAL = f"try_cast({_TEXT} AS DECIMAL(38, 15))"
_COUNT = "CASE WHEN type_{name} = 'BIGINT' THEN try_variant_get(line, '$[0].{name}', 'bigint') END"
_VALUE: Mapping[Kind, str] = {
    NAME: _TEXT,
    STATUS: _TEXT,
    TEXT: _TEXT,
    INSTANT: f"unix_micros(try_cast({_TEXT} AS TIMESTAMP))",
    TOKENS: _COUNT,
    NUMBER: _COUNT,
    USD: _DECIMAL,
    FIGURE: _DECIMAL,
    OBJECT: "CASE WHEN type_{name} LIKE 'OBJECT%' THEN get_json_object(body, '$.{name}') END",
    WORDS: "CASE WHEN type_{name} = 'ARRAY<VOID>' THEN CAST(array() AS ARRAY<STRING>)"
    " WHEN type_{name} = 'ARRAY<STRING>' THEN try_variant_get(line, '$[0].{name}', 'array<string>') END",
}


def _matches(value: str, pattern: str) -> str:
    whole = rf"\A(?:{pattern})\z"
    return f"{value} RLIKE {_quoted(whole)}"


def _quoted(text: str) -> str:
    """`text` as a text of Spark's SQL, in which strokes are taken as they are."""
    return "r'" + text + "'" if "'" not in text else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _check(name: str, column: Column) -> str:
    """Whether the value of a line is surely valid, by the rule of `invalid_line`."""
    kind, told, raw = column.kind, f"type_{name}", _TEXT.format(name=name)
    if kind in (NAME, STATUS, TEXT, INSTANT, USD, FIGURE):
        check = f"{told} = 'STRING'"
        if kind == NAME:
            check += f" AND {raw} <> ''"
        elif kind != TEXT:
            check += f" AND {_matches(raw, text_pattern(kind))}"
    elif kind in (TOKENS, NUMBER):
        check = f"{told} = 'BIGINT' AND {column.in_report} BETWEEN 0 AND {_MOST - 1}"
    elif kind == OBJECT:
        check = f"{told} LIKE 'OBJECT%' AND {_matches(str(column.in_report), _FLAT)}"
    else:
        check = f"{told} IN ('ARRAY<VOID>', 'ARRAY<STRING>')"
    check += f" AND {column.in_report} IS NOT NULL"
    return f"({check})" if column.needed else f"({told} IS NULL OR {told} = 'VOID' OR {check})"


def read_lines(spark: SparkSession, files: Mapping[int, str], row: type = UsageEntry) -> DataFrame:
    """Each line of `files`, paths by number: a row where it is `usable` for sure, and its `odd` bytes where it is not.

    Its place is `at` among those of a `block` of its file; both grow along the file. `size_bytes` is that of the file.
    """
    from pyspark.sql import functions as sql

    lines = spark.read.text(list(files.values()), lineSep="\n").select(
        "value",
        sql.col("_metadata.file_path").alias("path"),
        sql.col("_metadata.file_block_start").alias("block"),
        sql.col("_metadata.file_size").alias("size_bytes"),
        sql.monotonically_increasing_id().alias("at"),
    )
    lines.createOrReplaceTempView("line_text")
    return spark.sql(_statement({path: number for number, path in _uris(spark, files)}, row))


def no_lines(spark: SparkSession, row: type = UsageEntry) -> DataFrame:
    """What `read_lines` makes of no file."""
    spark.sql(
        "SELECT '' AS value, '' AS path, 0L AS block, 0L AS size_bytes, 0L AS at WHERE false"
    ).createOrReplaceTempView("line_text")
    return spark.sql(_statement({"": 0}, row))


def _uris(spark: SparkSession, files: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """The addresses by which Spark calls `files`."""
    jvm: Any = spark.sparkContext._jvm
    for number, path in files.items():
        yield number, str(jvm.org.apache.hadoop.fs.Path(jvm.java.io.File(path).toURI()).toUri().toString())


def _statement(numbers: Mapping[str, int], row: type) -> str:
    read = report_columns(row)
    pairs = ", ".join(f"{_quoted(path)}, {number}" for path, number in numbers.items())
    odd = " OR ".join(f"contains(value, {_quoted(each)})" for each in _ODD)
    types = ", ".join(f"{_TYPE.format(name=name)} AS type_{name}" for name in ("schema", *read))
    values = ", ".join(f"{_VALUE[each.kind].format(name=name)} AS {each.in_report}" for name, each in read.items())
    checks = " AND ".join(_check(*each) for each in read.items())
    names = ", ".join(str(each.in_report) for each in read.values())
    schema = f"type_schema = 'STRING' AND {_TEXT.format(name='schema')} = '{SCHEMA}'"
    return f"""
        WITH told AS (
            SELECT
                element_at(map({pairs}), path) AS file, block, at, size_bytes,
                octet_length(value) AS bytes,
                {_matches("value", _BLANK)} AS is_blank,
                value,
                CASE WHEN is_valid_utf8(value) AND NOT ({odd})
                    THEN regexp_replace(value, {_quoted(_COMMA_AT_END)}, '}}') END AS body
            FROM line_text
        ),
        parsed AS (
            SELECT *, try_parse_json(concat('[', body, ',"{_END}"]')) AS line FROM told
        ),
        typed AS (
            SELECT *, {types} FROM parsed
        ),
        valued AS (
            SELECT *, {values} FROM typed
        ),
        judged AS (
            SELECT
                file, block, at, size_bytes, bytes, is_blank, value, {names},
                COALESCE(
                    try_variant_get(line, '$[1]', 'string') = '{_END}'
                    AND try_variant_get(line, '$[2]', 'variant') IS NULL
                    AND {schema} AND {checks}, false
                ) AS usable
            FROM valued
        )
        SELECT
            file, block, at, size_bytes, bytes, {names}, usable,
            CASE WHEN NOT usable AND NOT is_blank THEN CAST(value AS BINARY) END AS odd
        FROM judged
    """
