"""The statements that make rows of an importer's records, and count what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping

from r1plan.report.importers.importer import RecordShape
from r1plan.report.importers.row import COLUMNS
from r1plan.report.spend import RecordFault

_COUNTS = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens")
# A row that cannot be used, and why: the first that holds.
RECORD_FAULTS: Mapping[RecordFault, str] = {
    "negative": " OR ".join(f"{name} < 0" for name in _COUNTS),
    "no_instant": "started_us IS NULL",
    # What a report can place: see Period.
    "far_instant": "started_us < 915148800000000 OR started_us >= 4133980800000000",
}


def made_statement(shape: RecordShape) -> str:
    """It makes `made`: of each record its row, whether it is skipped or left out, and what is noted of it."""
    values = ", ".join(
        f'TRY_CAST({shape.values.get(name, "NULL")} AS {kind}) AS "{name}"' for name, kind in COLUMNS.items()
    )
    out = ", ".join(f'COALESCE({condition}, false) AS "out {trap}"' for trap, condition in shape.left_out.items())
    noted = ", ".join(f'COALESCE({condition}, false) AS "noted {trap}"' for trap, condition in shape.noted.items())
    told = "".join(f", {each}" for each in (out, noted) if each)
    is_out = " OR ".join(f'"out {trap}"' for trap in shape.left_out) or "false"
    faults = " ".join(f"WHEN {condition} THEN '{fault}'" for fault, condition in RECORD_FAULTS.items())
    return (
        f"CREATE OR REPLACE TEMP TABLE made AS SELECT *, {is_out} AS is_out, CASE {faults} END AS fault FROM ("
        f"SELECT {values}, COALESCE({shape.skipped}, false) AS is_skipped{told} FROM {shape.relation})"
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
