"""The rows of all logs on the cluster, as `entries.load_entries` makes them here: each request once.

The workers read our own logs where they can: plain files at a path that all of them see. What is compressed, comes out
of a pipe or an archive, or is another tool's is read here and sent to them, and so are single lines that are not surely
what our own writer wrote: one reader decides of all that is odd.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from r1plan.errors import LogError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import report_columns
from r1plan.report.entries import NAMED_IDS, RowLoader, add_imported, read_own
from r1plan.report.entry_table import absent_values
from r1plan.report.log_source import LogSource, temporary_file
from r1plan.report.spark.database import SparkDatabase, made_once
from r1plan.report.spark.lines import no_lines, read_lines
from r1plan.report.spark.transfer import to_spark
from r1plan.report.spark.translate import parsed
from r1plan.report.spend import ReportWarning

_PLACES_A_FILE = 1 << 40
_PARTITION_BYTES = 32 << 20
# Spark takes a file that begins so for one of its own, one that ends so for a compressed one, and a path with one of
# these signs for a pattern.
_NOT_READ_BEGIN = (".", "_")
_PACKED_END = (".gz", ".bz2", ".deflate", ".lz4", ".snappy", ".zst", ".zstd", "._COPYING_")
_PATTERN_SIGNS = frozenset("*?[]{}\\")


@dataclass(slots=True)
class _OddLines:
    """Lines of a file that are read here: their numbers in it, in the order of the file `copy`."""

    copy: Path
    numbers: list[int] = field(default_factory=list)


def load_entries(
    database: SparkDatabase,
    sources: Sequence[LogSource],
    row: type = UsageEntry,
    imported: RowLoader | None = None,
) -> list[ReportWarning]:
    """Make the view `entry` on the cluster of `sources`, the last row of each id, and say what could not be used.

    `row` has the columns of a line. `imported` adds the rows of other tools to a table `entry` in the database here.
    Raises LogError where a worker does not see what this machine does.
    """
    numbered = dict(enumerate(sources, 1))
    shared = {number: source for number, source in numbered.items() if _is_shared(source)}
    _set_partitions(database, numbered.values())
    with ExitStack() as copies:
        odd = _read_there(database, shared, row, copies)
        here = {
            number: LogSource(name=source.name, file=odd[number].copy) if number in odd else source
            for number, source in numbered.items()
            if number in odd or number not in shared
        }
        found = read_own(database.here, here, row)
    names = {numbered[number].name: lines for number, lines in odd.items()}
    warnings = [
        replace(each, line=names[each.file].numbers[each.line - 1])
        if each.file in names and each.line is not None
        else each
        for each in found
    ]
    _send_logged(database, odd, row)
    warnings += _keep_last(database, row)
    if imported is not None:
        warnings += _add_imported(database, row, imported)
    return warnings


def _is_shared(source: LogSource) -> bool:
    """Whether the workers can read `source` themselves: it is the file of that name, and no copy of what is in it."""
    name = source.file.name
    return (
        str(source.file) == source.name
        and not source.too_long
        and not name.startswith(_NOT_READ_BEGIN)
        and not name.endswith(_PACKED_END)
        and not _PATTERN_SIGNS & set(str(source.file.absolute()))
    )


def _set_partitions(database: SparkDatabase, sources: Iterable[LogSource]) -> None:
    size_bytes = sum(each.file.stat().st_size for each in sources)
    database.spark.conf.set("spark.sql.shuffle.partitions", str(1 + size_bytes // _PARTITION_BYTES))


def _read_there(
    database: SparkDatabase, sources: Mapping[int, LogSource], row: type, copies: ExitStack
) -> dict[int, _OddLines]:
    """Make the view `line_read` of the lines of `sources`, each with its number; those to be read here, by file."""
    from pyspark import StorageLevel

    spark = database.spark
    if not sources:
        no_lines(spark, row).createOrReplaceTempView("line_read")
        spark.sql("SELECT *, at AS line FROM line_read").createOrReplaceTempView("numbered_line")
        return {}
    lines = read_lines(spark, {number: str(source.file.absolute()) for number, source in sources.items()}, row)
    lines.persist(StorageLevel.MEMORY_AND_DISK)
    lines.createOrReplaceTempView("line_read")
    blocks = spark.sql(
        """
        SELECT file, block, min(at) AS first, count(*) AS lines, sum(bytes) + count(*) AS bytes,
            max(size_bytes) AS size_bytes, max(bytes) AS longest, count(odd) AS odd
        FROM line_read GROUP BY file, block ORDER BY file, block
        """
    ).collect()
    before: dict[tuple[int, int], int] = {}
    read, missing_bytes, longest = dict.fromkeys(sources, 0), dict[int, int](), dict.fromkeys(sources, 0)
    odd: dict[int, _OddLines] = {}
    for each in blocks:
        # The number of a line is what its place is, and so many more.
        before[each.file, each.block] = read[each.file] + 1 - each.first
        read[each.file] += each.lines
        longest[each.file] = max(longest[each.file], each.longest)
        missing_bytes[each.file] = missing_bytes.get(each.file, each.size_bytes) - each.bytes
        if each.odd:
            odd.setdefault(each.file, _OddLines(temporary_file(copies)))
    for number, count in missing_bytes.items():
        # The last line may lack its end, or have grown since the file was found.
        if not -longest[number] - 1 <= count <= 0:
            raise LogError(
                f"a worker has another {sources[number].name} than this machine.",
                "every worker must see the logs at the same path",
            )
    rows = [(file, block, number) for (file, block), number in before.items()] or [(0, 0, 0)]
    spark.createDataFrame(rows, "file int, block bigint, before bigint").hint("broadcast").createOrReplaceTempView(
        "block"
    )
    spark.sql(
        "SELECT line_read.*, before + at AS line FROM line_read JOIN block USING (file, block)"
    ).createOrReplaceTempView("numbered_line")
    if odd:
        _copy_odd(database, odd)
    return odd


def _copy_odd(database: SparkDatabase, odd: Mapping[int, _OddLines]) -> None:
    found = database.spark.sql("SELECT file, line, odd FROM numbered_line WHERE odd IS NOT NULL ORDER BY file, line")
    with ExitStack() as open_files:
        targets = {number: open_files.enter_context(each.copy.open("wb")) for number, each in odd.items()}
        for each in found.toLocalIterator():
            targets[each.file].write(bytes(each.odd) + b"\n")
            odd[each.file].numbers.append(each.line)


def _send_logged(database: SparkDatabase, odd: Mapping[int, _OddLines], row: type) -> None:
    """Make the view `logged` of the rows that the workers read and those of the view `own_row` here."""
    here, names = database.here, ", ".join(_names(row))
    here.execute(
        "CREATE OR REPLACE TEMP TABLE odd_line AS SELECT unnest(CAST($file AS INTEGER[])) AS file, "
        "unnest(CAST($ordinal AS BIGINT[])) AS ordinal, unnest(CAST($line AS BIGINT[])) AS line",
        {
            "file": [number for number, each in odd.items() for _ in each.numbers],
            "ordinal": [ordinal for each in odd.values() for ordinal, _ in enumerate(each.numbers)],
            "line": [line for each in odd.values() for line in each.numbers],
        },
    )
    # Of a file that is read here alone the order of its lines is all that counts.
    sent = f"""
        WITH placed AS (
            SELECT *, place - min(place) OVER (PARTITION BY file) AS ordinal FROM own_row
        )
        SELECT placed.file, COALESCE(odd_line.line, placed.ordinal) AS line, {names}
        FROM placed LEFT JOIN odd_line ON placed.file = odd_line.file AND placed.ordinal = odd_line.ordinal
        WHERE usable
    """
    to_spark(here, database.spark, sent).createOrReplaceTempView("sent_line")
    database.spark.sql(
        f"""
        SELECT *, file * {_PLACES_A_FILE}L + line AS rowid FROM (
            SELECT file, line, {names} FROM numbered_line WHERE usable
            UNION ALL SELECT file, line, {names} FROM sent_line
        )
        """
    ).createOrReplaceTempView("logged")


def _keep_last(database: SparkDatabase, row: type) -> list[ReportWarning]:
    """Make the view `entry` of the last row of each id in `logged`, and say which requests ended more than once.

    As sql/repeated.sql says it: a row at the end of a request comes before one at its beginning.
    """
    spark = database.spark
    absent = ", ".join(parsed(f"SELECT {each}").expressions[0].sql("spark") for each in absent_values(row))
    own = spark.sql(
        f"""
        SELECT file, rowid, {", ".join(_names(row))}, true AS usable, {absent} FROM (
            SELECT *, row_number() OVER (PARTITION BY id ORDER BY ended_us IS NOT NULL DESC, rowid DESC) AS nth
            FROM logged
        ) WHERE nth = 1
        """
    )
    again = spark.sql(
        f"""
        SELECT id, count(*) OVER () AS ids FROM (
            SELECT id, max(rowid) AS last_place FROM logged WHERE ended_us IS NOT NULL
            GROUP BY id HAVING count(*) > 1
        ) ORDER BY last_place LIMIT {NAMED_IDS}
        """
    ).collect()
    own = made_once(own)
    # They are no longer read from the lines.
    spark.table("line_read").unpersist()
    own.createOrReplaceTempView("own_entry")
    database.add_view("entry", own)
    if not again:
        return []
    return [ReportWarning(kind="duplicate_ids", count=again[0].ids, ids=tuple(each.id for each in again))]


def _add_imported(database: SparkDatabase, row: type, imported: RowLoader) -> list[ReportWarning]:
    """Make the view `entry` of our own rows and of those that `imported` adds, each of which counts once."""
    here, spark = database.here, database.spark

    def add(here: DuckDBPyConnection) -> Iterator[ReportWarning]:
        yield from imported(here)
        _mark_own(database)

    warnings = add_imported(here, row, add, "WHERE false")
    told = "SELECT * REPLACE (-1 - rowid AS rowid) FROM entry WHERE usable AND source <> 'r1plan'"
    found = to_spark(here, spark, told)
    here.execute("DROP VIEW entry")
    here.execute("DROP TABLE told")
    both = spark.table("own_entry").unionByName(found, allowMissingColumns=True)
    database.add_view("entry", both)
    return warnings


def _mark_own(database: SparkDatabase) -> None:
    """Put into the table `entry` here of each quarter of an hour the first and the last of our own requests.

    Only where another tool tells sums of the same provider: who settles them looks for single requests in their time.
    """
    summed = database.here.execute("SELECT DISTINCT provider FROM entry WHERE span_us > 0").fetchall()
    if not summed:
        return
    providers = {provider for (provider,) in summed}
    quarters = database.spark.sql(
        "SELECT provider, min(started_us) AS first, max(started_us) AS last FROM own_entry "
        "GROUP BY provider, started_us DIV 900000000"
    ).collect()
    found = [
        (each.provider, at_us) for each in quarters if each.provider in providers for at_us in (each.first, each.last)
    ]
    database.here.execute(
        """
        INSERT INTO entry BY NAME
        SELECT 'own ' || ordinal AS id, 'r1plan' AS source, provider, '' AS model, started_us
        FROM (
            SELECT
                unnest(range(len($provider))) AS ordinal,
                unnest(CAST($provider AS VARCHAR[])) AS provider,
                unnest(CAST($at_us AS BIGINT[])) AS started_us
        )
        """,
        {"provider": [provider for provider, _ in found], "at_us": [at_us for _, at_us in found]},
    )


def _names(row: type) -> list[str]:
    return [str(each.in_report) for each in report_columns(row).values()]
