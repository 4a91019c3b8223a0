"""The statement that reads lines of our own writer fast: sql/quick_entry.sql, filled with the columns of the log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

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
    columns,
    report_columns,
)
from r1plan.report.database import sql
from r1plan.report.entry_table import text_pattern

# As JSON, so that 12 and "12" are told apart, and an object is not parsed twice.
_JSON_KINDS = (TOKENS, NUMBER, OBJECT, WORDS)
# What most rows say of where their figures are from needs no look for what is no number of JSON.
_REPORTED = '{"input_tokens":"reported","output_tokens":"reported"}'
_VALUE: Mapping[Kind, str] = {
    NAME: "{0}",
    TEXT: "{0}",
    STATUS: "{0}",
    INSTANT: "epoch_us(TRY_CAST({0} AS TIMESTAMPTZ))",
    TOKENS: "TRY_CAST(CAST({0} AS VARCHAR) AS BIGINT)",
    NUMBER: "TRY_CAST(CAST({0} AS VARCHAR) AS BIGINT)",
    USD: "TRY_CAST({0} AS DECIMAL(38, 15))",
    FIGURE: "TRY_CAST({0} AS DECIMAL(38, 15))",
    OBJECT: "{0}",
    WORDS: WORDS.sql.replace("{json}", "{0}"),
}
# Of the text or JSON <raw> and its <value>, where it is not NULL. What is as our writer writes it needs no pattern.
_SAME_NULL = "(<raw> IS NULL) = (<value> IS NULL)"
_COUNT_CHECK = (
    "CAST(<value> AS VARCHAR) IS NOT DISTINCT FROM CAST(<raw> AS VARCHAR)"
    " AND <value> >= 0 AND <value> < 1000000000000000000"
)
_CHECK: Mapping[Kind, str] = {
    NAME: "<raw> <> ''",
    STATUS: "(<raw> = 'ok' OR <raw> = 'started' OR <raw> = 'length' OR <raw> = 'aborted' OR <raw> = 'failed')",
    INSTANT: f"{_SAME_NULL} AND CASE WHEN <raw> LIKE '20__-__-__T__:__:__.______+00:00' THEN true ELSE "
    f"regexp_full_match(<raw>, '{text_pattern(INSTANT)}') END",
    TOKENS: _COUNT_CHECK,
    NUMBER: _COUNT_CHECK,
    USD: f"regexp_full_match(<raw>, '{text_pattern(USD)}') AND {_SAME_NULL}",
    FIGURE: f"regexp_full_match(<raw>, '{text_pattern(FIGURE)}') AND {_SAME_NULL}",
    OBJECT: f"CASE WHEN CAST(<raw> AS VARCHAR) = '{_REPORTED}' OR CAST(<raw> AS VARCHAR) = '{{}}' THEN true ELSE "
    "starts_with(CAST(<raw> AS VARCHAR), '{') AND NOT contains(CAST(<raw> AS VARCHAR), 'NaN')"
    " AND NOT contains(CAST(<raw> AS VARCHAR), 'Infinity') END",
    WORDS: "CASE WHEN CAST(<raw> AS VARCHAR) = '[]' THEN true ELSE starts_with(CAST(<raw> AS VARCHAR), '[')"
    " AND NOT contains(CAST(<raw> AS VARCHAR), 'NaN') AND NOT contains(CAST(<raw> AS VARCHAR), 'Infinity')"
    f" AND {_SAME_NULL} END",
}


def quick_statement(row: type = UsageEntry, *, file: str = "1") -> str:
    """It makes a row of each line of the files $files; `file` is SQL for the number of a line's file."""
    every, read = columns(row), report_columns(row)
    types = {"schema": "VARCHAR", **{name: _read_as(each) for name, each in every.items()}}
    checked = {name: each for name, each in read.items() if each.kind in _CHECK}
    needed = [f"raw_schema = '{SCHEMA}'"]
    needed += [_check(*each) for each in checked.items() if each[1].needed]
    needed += [
        f"{each.in_report} IS NOT NULL" for each in read.values() if each.needed and each.kind not in (NAME, STATUS)
    ]
    checks = [_check(*each) for each in checked.items() if not each[1].needed]
    return (
        sql("quick_entry")
        .replace("/*COLUMNS*/", ", ".join(f"{name}: '{type_}'" for name, type_ in types.items()))
        .replace("/*FILE*/", file)
        .replace("/*VALUES*/", ",\n        ".join(_values(read)))
        .replace("/*CHECKED*/", ", ".join(f"{name} AS raw_{name}" for name in ("schema", *checked)))
        .replace("/*BYTES*/", _told_bytes(every))
        .replace("/*NAMES*/", ", ".join(str(each.in_report) for each in read.values()))
        .replace("/*PLAIN*/", sql("plain_row"))
        .replace("/*NEEDED*/", "\n        AND ".join(needed))
        .replace("/*CHECKS*/", "\n        AND ".join(checks))
    )


def is_plain(line: bytes, row: type = UsageEntry) -> bool:
    """Whether our own writer may have written `line`, which ends in a newline."""
    every = columns(row)
    try:
        found = json.loads(line)
        text = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except (ValueError, RecursionError):
        return False
    if text != line or not isinstance(found, dict):
        return False
    always = {"schema", *(name for name, each in every.items() if not each.only_known)}
    return always <= found.keys() <= {"schema", *every}


def _read_as(column: Column) -> str:
    return "JSON" if column.kind in _JSON_KINDS or column.kind not in _VALUE else "VARCHAR"


def _values(read: Mapping[str, Column]) -> Iterator[str]:
    for name, each in read.items():
        yield f"{_VALUE.get(each.kind, each.kind.sql.replace('{json}', '{0}')).format(name)} AS {each.in_report}"


def _check(name: str, column: Column) -> str:
    return _CHECK[column.kind].replace("<raw>", f"raw_{name}").replace("<value>", str(column.in_report))


def quick_bytes_statement(row: type = UsageEntry, rows: str = "logged") -> str:
    """How long the lines of the usable ones of `rows`, SQL, are in each file if they are our writer's."""
    stored = _nullable(columns(row), is_stored=True)
    known = " + ".join(f"{bytes_} * count({each.in_report})" for each, _, bytes_ in stored)
    return f"SELECT file, sum(told_bytes) + {known} FROM {rows} WHERE usable GROUP BY file"  # noqa: S608


def _told_bytes(every: Mapping[str, Column]) -> str:
    """How long the line is if it is our writer's: names, values and what stands between them.

    But for what the columns that the table holds add where they are known: to count them there takes less time.
    """
    fixed, needed = len('{"schema":""}\n'), ["strlen(schema)"]
    for name, each in every.items():
        if each.needed:
            needed.append(f"strlen({_text(name, each)})")
            fixed += _around_bytes(name, each)
        elif not each.only_known:
            fixed += len(f',"{name}":null')
    nullable = [*_nullable(every, is_stored=True), *_nullable(every, is_stored=False)]
    known = ", ".join(text for _, text, _ in nullable)
    read = [f"{bytes_} * CAST({text} IS NOT NULL AS INTEGER)" for _, text, bytes_ in _nullable(every, is_stored=False)]
    return " + ".join([str(fixed), *needed, f"strlen(concat({known}))", *read])


def _nullable(every: Mapping[str, Column], *, is_stored: bool) -> Iterator[tuple[Column, str, int]]:
    """Each column that may be unknown, its text, and how many bytes more than that a line has where it is known."""
    for name, each in every.items():
        if not each.needed and (each.in_report is not None) == is_stored:
            more = _around_bytes(name, each) if each.only_known else _around_bytes(name, each) - len(f',"{name}":null')
            yield each, _text(name, each), more


def _around_bytes(name: str, column: Column) -> int:
    """How many bytes stand around a value: its name, and the quotes of a text."""
    return len(f',"{name}":') + (2 if _read_as(column) == "VARCHAR" else 0)


def _text(name: str, column: Column) -> str:
    return name if _read_as(column) == "VARCHAR" else f"CAST({name} AS VARCHAR)"
