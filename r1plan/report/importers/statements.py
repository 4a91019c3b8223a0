"""The statements that make rows of an importer's records, and count what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable

from r1plan.report.importers.importer import RecordShape
from r1plan.report.importers.row import COLUMNS
from r1plan.report.spend import RecordFault

_COUNTS = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens")
RECORD_FAULTS: tuple[RecordFault, ...] = ("negative", "no_instant", "far_instant")
# What is asked of the rows before they are in the report.
_NEEDED = (
    *("provider", "model", "served", "status", "span_us", "requests", "ended_us", "output_tokens", "reported_usd"),
    "source",
)


def made_statement(shape: RecordShape) -> str:
    """It makes `made`: of each record its row, whether it is skipped or left out, and what is noted of it.

    It has the columns that `shape` gives: to write others, NULL in every row, takes as long as the work itself.
    """
    values = ", ".join(f'TRY_CAST({value} AS {_type(shape, name)}) AS "{name}"' for name, value in shape.values.items())
    out = ", ".join(f'COALESCE({condition}, false) AS "out {trap}"' for trap, condition in shape.left_out.items())
    noted = ", ".join(f'COALESCE({condition}, false) AS "noted {trap}"' for trap, condition in shape.noted.items())
    told = "".join(f", {each}" for each in (out, noted) if each)
    is_out = " OR ".join(f'"out {trap}"' for trap in shape.left_out) or "false"
    return (
        f"CREATE OR REPLACE TEMP TABLE made AS SELECT *, {is_out} AS is_out, {_fault(shape)} AS fault FROM ("
        f"SELECT {values}, COALESCE({shape.skipped}, false) AS is_skipped{told} FROM {shape.relation})"
    )


def kept_statement(shape: RecordShape, number: int, noted: Iterable[str]) -> str:
    """It selects the rows of `made` that count, those of the group of files `number`, with the traps `noted` of them."""
    quoted = {f'"noted {trap}"': trap for trap in noted}
    words = ", ".join(f"CASE WHEN {name} THEN '{trap}' END" for name, trap in quoted.items())
    columns = {name: f'"{name}"' for name in shape.values}
    for name in _NEEDED:
        columns.setdefault(name, f"CAST(NULL AS {COLUMNS[name]})")
    columns["id"] = f"COALESCE({columns.get('id', 'NULL')}, 'row {number}.' || made.rowid)"
    if words:
        flags = columns.get("flags", f"CAST(NULL AS {COLUMNS['flags']})")
        told = f"list_concat({flags}, list_filter([{words}], lambda word: word IS NOT NULL))"
        columns["flags"] = f"CASE WHEN {' OR '.join(quoted)} THEN {told} ELSE {flags} END"
    with_tags, joined = "", ""
    if shape.tags is not None:
        with_tags = (
            f"WITH tag AS MATERIALIZED (SELECT tags AS tag_text, CAST({shape.tags} AS JSON) AS tag_values "
            "FROM (SELECT DISTINCT tags FROM made WHERE tags IS NOT NULL)) "
        )
        joined, columns["tags"] = " LEFT JOIN tag ON tags = tag_text", "tag_values"
    selected = ", ".join(f'{value} AS "{name}"' for name, value in columns.items())
    return f"{with_tags}SELECT {selected} FROM made{joined} WHERE NOT is_skipped AND NOT is_out AND fault IS NULL"


def _type(shape: RecordShape, name: str) -> str:
    return "VARCHAR" if name == "tags" and shape.tags is not None else COLUMNS[name]


def _fault(shape: RecordShape) -> str:
    """Why a row cannot be used: the first that holds."""
    negative = " OR ".join(f"{name} < 0" for name in _COUNTS if name in shape.values) or "false"
    return (
        f"CASE WHEN {negative} THEN 'negative' WHEN started_us IS NULL THEN 'no_instant' "
        # What a report can place: see Period.
        "WHEN started_us < 915148800000000 OR started_us >= 4133980800000000 THEN 'far_instant' END"
    )


def counting_statement(shape: RecordShape) -> str:
    """It counts in `made` the rows, and what was skipped, left out by each trap, noted or cannot be used."""
    counted = "NOT is_skipped AND NOT is_out AND fault IS NULL"
    parts = [
        f'count(*) FILTER ({counted}) AS "rows"',
        "count(*) FILTER (is_skipped) AS skipped",
        *(f'count(*) FILTER (NOT is_skipped AND "out {trap}") AS "out {trap}"' for trap in shape.left_out),
        *(f'count(*) FILTER ({counted} AND "noted {trap}") AS "noted {trap}"' for trap in shape.noted),
        *(
            f"count(*) FILTER (NOT is_skipped AND NOT is_out AND fault = '{fault}') AS \"fault {fault}\""
            for fault in RECORD_FAULTS
        ),
    ]
    return f"SELECT {', '.join(parts)} FROM made"


# Of rows with one id the fullest stays, of equally full ones the last: a day that was still running when it was exported
# has grown in the next export.
KEEP_ONE_OF_EACH = """
    DELETE FROM loaded USING (
        SELECT id, arg_max(rowid, {
            'ended': ended_us IS NOT NULL, 'tokens': COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0),
            'place': rowid
        }) AS kept
        FROM loaded GROUP BY id HAVING count(*) > 1
    ) AS repeated
    WHERE loaded.id = repeated.id AND loaded.rowid <> kept
"""


def names_statement(kept: str) -> str:
    """It selects every provider with a model, as the rows that `kept` selects have them."""
    return f"""
        WITH kept AS ({kept})
        SELECT DISTINCT provider, model FROM kept
        UNION SELECT DISTINCT provider, served FROM kept WHERE served IS NOT NULL
    """


def appending_statement(kept: str, *, is_renamed: bool) -> str:
    """It adds the rows that `kept` selects to `entry`, and their $source.

    Where it `is_renamed` each $from_provider and $from_model has the name at its place in $to_provider and $to_model.
    """
    name = """
        WITH name AS MATERIALIZED (
            SELECT unnest(CAST($from_provider AS VARCHAR[])) AS from_provider,
                unnest(CAST($from_model AS VARCHAR[])) AS from_model,
                unnest(CAST($to_provider AS VARCHAR[])) AS provider, unnest(CAST($to_model AS VARCHAR[])) AS model
        )"""
    renamed = """
                asked.provider AS provider,
                asked.model AS model,
                CASE WHEN row.served IS NOT NULL THEN answered.model END AS served,"""
    joined = """
        LEFT JOIN name AS asked
            ON row.provider IS NOT DISTINCT FROM asked.from_provider AND row.model IS NOT DISTINCT FROM asked.from_model
        LEFT JOIN name AS answered ON row.provider IS NOT DISTINCT FROM answered.from_provider
            AND row.served = answered.from_model"""
    return f"""
        INSERT INTO entry BY NAME{name if is_renamed else ""}
        SELECT
            row.* REPLACE ({renamed if is_renamed else ""}
                COALESCE(row.status, 'ok') AS status,
                COALESCE(row.span_us, 0) AS span_us,
                -- An end that cannot be: what is there whole has ended, though nobody knows when.
                CASE
                    WHEN row.ended_us >= row.started_us AND row.ended_us < 4133980800000000 THEN row.ended_us
                    WHEN COALESCE(row.span_us, 0) = 0 AND COALESCE(row.status, 'ok') IN ('ok', 'length')
                        AND (row.output_tokens IS NOT NULL OR row.reported_usd IS NOT NULL) THEN row.started_us
                END AS ended_us,
                CASE WHEN COALESCE(row.span_us, 0) = 0 THEN COALESCE(row.requests, 1) ELSE row.requests END AS requests,
                $source AS source
            )
        FROM ({kept}) AS row{joined if is_renamed else ""}"""
