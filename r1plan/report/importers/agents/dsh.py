"""The sessions of dsh, DeepSeek's agent: `~/.dsh/sessions/--folder--/<id>/session.jsonl`, plain or as zstd.

The shapes: a session's log of dsh with format 0, as its example of a turn has it. A call is a step of a turn; its usage
is told by a chunk and again by the message, which counts. Input excludes what was cached; output includes thinking, as
DeepSeek's API counts it. A fork's log begins with the events of the session before, below `seedLength`.
"""

from __future__ import annotations

from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

_HOUR_US = 3_600_000_000
_DATA = (
    *("turn", "step", "chunk.type", "chunk.reason.kind", "message.id", "message.source.provider"),
    *("message.source.model", "header.config.provider", "header.config.model"),
)
_PATHS = ", ".join(f"'$.{path}'" for path in _DATA)
_USAGE = ", ".join(
    f"'$.{name}'" for name in ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "reasoningTokens")
)

_ROWS = f"""(
    SELECT *,
        given + COALESCE(hit, 0) + COALESCE(stored, 0) AS input,
        COALESCE(thinking > output, false) AS is_odd,
        COALESCE(given, 0) + COALESCE(output, 0) + COALESCE(hit, 0) = 0 AS is_bare,
        COALESCE(d[7], asked_model, 'unknown') AS model_name,
        COALESCE(d[6], asked_seller) AS seller_name,
        COALESCE(d[5], concat_ws('/', session.id, turn, step)) AS call_id,
        COALESCE(session.parent IS NOT NULL AND seq < session.seed, false) AS is_replayed,
        min(CASE WHEN sort = 'step/start' THEN told_us END) OVER call AS began_us,
        max(d[4]) OVER call AS ends,
        is_call AND row_number() OVER (call ORDER BY is_call DESC, is_last DESC, place DESC) = 1 AS is_counted
    FROM (
        SELECT *,
            u IS NOT NULL AND (is_last OR sort = 'assistant/chunk' AND d[3] = 'usage') AS is_call,
            u[1] AS given, u[2] AS output, u[3] AS hit, u[4] AS stored, u[5] AS thinking,
            COALESCE(d[1], last_value(CASE WHEN sort = 'turn/start' THEN d[1] END IGNORE NULLS) OVER earlier) AS turn,
            d[2] AS step,
            last_value(d[8] IGNORE NULLS) OVER earlier AS asked_seller,
            last_value(d[9] IGNORE NULLS) OVER earlier AS asked_model,
            last_value(CASE WHEN sort = 'session' THEN {{
                'id': own_id, 'cwd': cwd, 'parent': parent, 'seed': seed, 'version': version
            }} END IGNORE NULLS) OVER earlier AS session
        FROM (
            SELECT type AS sort, id AS own_id, cwd, version, NULLIF("parentSession", '') AS parent,
                tokens_of("seedLength") AS seed, tokens_of(seq) AS seq, instant_of(time) AS told_us,
                row_number() OVER () AS place, raw_file, COALESCE(type = 'assistant/message', false) AS is_last,
                fields_of(data, [{_PATHS}]) AS d,
                counts_of(object_of(fields_of(data, ['$.usage', '$.chunk.usage'])[CASE WHEN is_last THEN 1 ELSE 2 END]),
                    [{_USAGE}]) AS u
            FROM raw
        )
        WINDOW earlier AS (PARTITION BY raw_file ORDER BY place ROWS UNBOUNDED PRECEDING)
    )
    WINDOW call AS (PARTITION BY raw_file, session.id, turn, step, COALESCE(session.parent IS NOT NULL AND seq < session.seed, false))
)"""

_SELLER = """CASE
    WHEN lower(seller_name) LIKE 'deepseek%' THEN 'deepseek'
    ELSE COALESCE(NULLIF(seller_name, ''), seller_of(model_name), 'unknown')
END"""

_EVENTS = frozenset({"type", "seq", "time", "data"})
_HEADER = frozenset({"type", "version", "id", "createdAt", "cwd"})


def _shape(marks: frozenset[str]) -> RecordShape:
    return RecordShape(
        marks=marks,
        reads=("type", "seq", "time", "data", "version", "id", "cwd", "parentSession", "seedLength"),
        relation=_ROWS,
        values=MappingProxyType(
            {
                "id": "call_id",
                "started_us": f"CASE WHEN told_us - began_us BETWEEN 0 AND {_HOUR_US} THEN began_us ELSE told_us END",
                "ended_us": "told_us",
                "span_us": "0",
                "requests": "1",
                "provider": _SELLER,
                "model": "COALESCE(asked_model, model_name)",
                "served": "model_name",
                # The folder's own name: where it stands may name its owner.
                "project": r"regexp_extract(session.cwd, '([^/\\]+)[/\\]*$', 1)",
                "status": """CASE
                    WHEN ends = 'length' THEN 'length'
                    WHEN ends IN ('error', 'failed') THEN 'failed'
                    WHEN ends IN ('aborted', 'cancelled', 'interrupted') THEN 'aborted'
                    ELSE 'ok'
                END""",
                "input_tokens": "CASE WHEN NOT is_bare THEN input END",
                "cache_hit_tokens": "CASE WHEN NOT is_bare THEN hit END",
                "output_tokens": "CASE WHEN NOT is_bare THEN output END",
                "thinking_tokens": "CASE WHEN NOT is_bare AND NOT is_odd THEN thinking END",
                "conversation": "session.id",
            }
        ),
        skipped="is_counted IS NOT TRUE",
        left_out=MappingProxyType(
            {"fork_copy": "is_replayed", "unknown_version": "NOT is_replayed AND session.version <> '0'"}
        ),
        noted=MappingProxyType(
            {
                "counts_contradict": "is_odd",
                "cached_beside_input": "hit > 0",
                "no_usage": "is_bare",
                "unknown_provider": f"{_SELLER} = 'unknown'",
            }
        ),
    )


DSH = Importer(name="dsh", shapes=(_shape(_EVENTS), _shape(_HEADER)))
