"""What an importer says: how to know the records of a tool's log, and what each is as a row of the report.

An importer is data, over a relation `raw` with the records of files of one kind, which sources/relation.py makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


def _none() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfolding:
    """How a record that holds lists of lists of others is read as those, where it is a line of a file.

    `levels`: the names of each list, the outermost first. `kept`: the field of a record in the outermost list that those
    within get. `dropped`: their fields that nobody reads. `shape`: what they are.
    """

    levels: tuple[frozenset[str], ...]
    kept: str
    dropped: frozenset[str]
    shape: RecordShape


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordShape:
    """One kind of record that a tool writes.

    `marks`: a record with all of these fields is of this kind; "usage.prompt_tokens" is a field inside another.
    `reads`: the top fields that the SQL uses, each a VARCHAR column of `raw`, whatever the file's format: the text of a
    scalar, the JSON of anything else, NULL where it is null, empty (CSV) or absent. "*" is the whole record as JSON.
    `values`: a column of `row.COLUMNS` -> SQL over `relation`, with the macros of sql/import.sql. What is not named is
    NULL. `relation`: what stands after FROM: `raw`, or a subquery over it that unfolds records with several requests.
    `raw` is of all files of a kind; its column `raw_file` is which one a record stands in. The same record of two files
    is settled by its id: what sums, numbers or compares records does it file by file, or of each id once.
    `sqlite_query`: of a SQLite file: the SELECT, in SQLite's words, whose rows are its records. Its columns are those of
    `raw`, as text; of `reads` what it does not give is NULL. It must need no table and no column but `sqlite_needs`.
    `sqlite_needs`: a SQLite file with all of these is of this kind: a table, "turns", or a column, "turns.model".
    `unfolding`: of a record that is many, and may be longer than a thousand of them should be in memory at once.
    `tags`: SQL over the text `tags`, which is then what `values` says: of each text, that many records have, once.
    `skipped`: SQL: records that are no requests and that nobody misses, such as a user's message.
    `left_out`: a trap -> SQL: records that would be counted wrongly. They are counted by trap, told, and not summed.
    `noted`: a trap -> SQL: records that are summed, and of which the reader is told.
    A trap is one word, the same for the same trap of every tool.
    """

    marks: frozenset[str]
    reads: tuple[str, ...]
    values: Mapping[str, str]
    relation: str = "raw"
    sqlite_query: str | None = None
    sqlite_needs: frozenset[str] = frozenset()
    unfolding: Unfolding | None = None
    tags: str | None = None
    skipped: str = "false"
    left_out: Mapping[str, str] = field(default_factory=_none)
    noted: Mapping[str, str] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """A tool by its name for `--import`, and the kinds of its records, the most telling first.

    `settled`: SQL for the rows of all its files together, with the columns of `row.COLUMNS`, out of the table `loaded`
    of them, in which each id stands once: for a tool that tells one thing in two files.
    `contradicted`: SQL over `loaded` for what these files bill differently, in each currency: `currency`, how many days of
    models, `days`, what one says, `reported_usd`, and what the other comes to, `priced_usd`, which counts.
    """

    name: str
    shapes: tuple[RecordShape, ...]
    settled: str | None = None
    contradicted: str | None = None
