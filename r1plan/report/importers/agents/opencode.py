"""The sessions of opencode: its database `opencode.db`, its older JSON storage, and what `opencode export` prints.

The shapes: opencode's `session.sql.ts`, `message-v2.ts` and `getUsage`. An assistant's message is one call of a model,
but in the older ones that kept the last of several steps: those are told by their step-finish parts. Input excludes
what was cached, and thinking stands beside output; older releases counted it within, which their total tells. A fork
copies a session's messages under new ids; all else in them is as it was, so a call's id is made of that.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape


def _select(columns: str, joined: str = "") -> str:
    """SQLite's SELECT of the messages, without what was asked."""
    return f"""SELECT message.id, message.session_id, message.time_created, {columns},
        CASE
            WHEN NOT json_valid(data) THEN NULL
            WHEN json_extract(data, '$.role') = 'user' THEN '{{"role":"user"}}'
            ELSE data
        END AS data
    FROM message {joined}"""


def _is_part(sort: str) -> str:
    # A part's type stands at its front; what follows may be a tool's whole output.
    return f'instr(substr(data, 1, 200), \'"type":"{sort}"\') > 0'


_WITH_PARTS = _select(
    "session.directory, steps, has_thought",
    f"""LEFT JOIN session ON session.id = message.session_id
    LEFT JOIN (
        SELECT message_id, json_group_array(json(step)) FILTER (WHERE step IS NOT NULL) AS steps,
            max(has_thought) AS has_thought
        FROM (
            SELECT message_id,
                CASE WHEN {_is_part("step-finish")} AND json_valid(data) THEN json_set(data, '$.at', time_created) END AS step,
                {_is_part("reasoning")} AND instr(data, '"text":""') = 0 AS has_thought
            FROM part
            WHERE {_is_part("step-finish")} OR {_is_part("reasoning")}
            ORDER BY message_id, id
        )
        GROUP BY message_id
    ) AS parts ON parts.message_id = message.id""",
)
_MESSAGE = frozenset(f"message.{name}" for name in ("id", "session_id", "time_created", "data"))
_PART = frozenset(f"part.{name}" for name in ("id", "message_id", "time_created", "data"))

# Of a message of today, of one of June 2025, which had it in `metadata`, and of forks of opencode.
_FIELDS = {
    "role": ("role",),
    "created": ("time.created", "metadata.time.created"),
    "completed": ("time.completed", "metadata.time.completed"),
    "fault": ("error.name", "metadata.error.name"),
    "finish": ("finish",),
    "seller_name": ("providerID", "model.providerID", "metadata.assistant.providerID"),
    "model_name": ("modelID", "model.modelID", "model.id", "metadata.assistant.modelID"),
    "root": ("path.root", "metadata.assistant.path.root"),
    "cwd": ("path.cwd", "metadata.assistant.path.cwd"),
    "message_tokens": ("tokens", "metadata.assistant.tokens"),
    "message_cost": ("cost", "metadata.assistant.cost"),
    "usage": ("usage",),
}
_PATHS = ", ".join(f"'$.{path}'" for paths in _FIELDS.values() for path in paths)


def _fields() -> str:
    found, start = [], 1
    for name, paths in _FIELDS.items():
        found.append(f"COALESCE({', '.join(f'f[{start + at}]' for at in range(len(paths)))}) AS {name}")
        start += len(paths)
    return ", ".join(found)


def _signed(place: str) -> str:
    return f"TRY_CAST({place} AS BIGINT)"


def _rows(messages: str) -> str:
    """The SQL of every call, out of that of the messages: `own_id, session, told_us, folder, data, steps, thought`."""
    return f"""(
        SELECT *, row_number() OVER (PARTITION BY raw_file, call_id ORDER BY own_id) > 1 AS is_copy
        FROM (
            SELECT *,
                -- Where what was cached has been taken off a count without it, the rest is below 0.
                given + cached + CASE WHEN given < 0 THEN cached ELSE 0 END AS input,
                written + CASE WHEN total = given + cached + written THEN 0 ELSE thoughts END AS output,
                COALESCE(total NOT IN (given + cached + written, given + cached + written + thoughts), false)
                    OR COALESCE(hit > input, false) OR COALESCE(thoughts > output, false) AS is_odd,
                total IS NULL AND thoughts BETWEEN 1 AND written AS is_unclear,
                CASE
                    WHEN instant_of(created) IS NULL OR instant_of(completed) IS NULL
                        THEN concat_ws('/', own_id, NULLIF(steps_after, 0))
                    -- As a file has it that knows of the last step alone.
                    ELSE md5(concat_ws('|', seller_name, model_name, instant_of(created), instant_of(completed),
                        json_extract_string(message_tokens, [
                            '$.input', '$.output', '$.reasoning', '$.cache.read', '$.cache.write'
                        ]), steps_after))
                END AS call_id
            FROM (
                SELECT *,
                    {_signed("COALESCE(n[1], u[1])")} AS given, {_signed("COALESCE(n[2], u[2])")} AS written,
                    COALESCE({_signed("n[3]")}, 0) AS thoughts,
                    tokens_of(COALESCE(n[4], u[3])) AS hit, COALESCE(tokens_of(COALESCE(n[5], u[4])), 0) AS stored,
                    COALESCE(hit, 0) + stored AS cached, tokens_of(n[6]) AS total,
                    -- Zeros stand there from the start.
                    COALESCE(given, 0) = 0 AND COALESCE(written, 0) = 0 AND thoughts = 0 AND cached = 0 AS is_bare
                FROM (
                    SELECT *, json_extract_string(counts, ['$.input', '$.output', '$.reasoning', '$.cache.read',
                            '$.cache.write', '$.total']) AS n,
                        json_extract_string(usage, ['$.input_tokens', '$.output_tokens', '$.cache_read_input_tokens',
                            '$.cache_creation_input_tokens']) AS u,
                        COALESCE(instant_of(before), instant_of(created), told_us) AS begun_us,
                        CASE WHEN is_last THEN instant_of(completed) ELSE instant_of(after) END AS over_us
                    FROM (
                        SELECT *, len(pieces) - 1 - step AS steps_after, steps_after > 0 AS is_early, steps_after = 0 AS is_last,
                            CASE WHEN is_many THEN piece ->> '$.tokens' ELSE message_tokens END AS counts,
                            CASE WHEN is_many THEN piece ->> '$.cost' ELSE message_cost END AS cost,
                            CASE WHEN step > 0 THEN pieces[step] ->> '$.at' END AS before,
                            piece ->> '$.at' AS after
                        FROM (
                            SELECT *, unnest(pieces) AS piece, unnest(range(len(pieces))) AS step
                            FROM (
                                SELECT * EXCLUDE (f, data), {_fields()}, COALESCE(len(s) > 1, false) AS is_many,
                                    CASE WHEN is_many THEN s ELSE ['null'::JSON] END AS pieces
                                FROM (
                                    SELECT *, json_extract_string(data, [{_PATHS}]) AS f,
                                        list_filter(json_extract(steps, '$[*]'),
                                            lambda each: each ->> '$.type' = 'step-finish') AS s
                                    FROM {messages}
                                )
                            )
                        )
                    )
                )
            )
        )
    )"""


_SELLER = """CASE
    WHEN regexp_matches(lower(seller_name), '^(ollama|lmstudio|llama[.-]?cpp|llama-server|vllm|sglang|mlx|local)')
        THEN 'local'
    ELSE COALESCE(NULLIF(seller_name, ''), seller_of(model_name), 'unknown')
END"""

_SHAPE = RecordShape(
    marks=frozenset(),
    reads=(),
    values=MappingProxyType(
        {
            "id": "call_id",
            # Of what ran still when it was exported a later export tells the end, under another id of ours.
            "response_id": "concat_ws('/', own_id, steps_after)",
            "started_us": "begun_us",
            "ended_us": "COALESCE(over_us, CASE WHEN NOT is_bare OR fault IS NOT NULL THEN begun_us END)",
            "span_us": "0",
            "requests": "1",
            "provider": _SELLER,
            "model": "COALESCE(model_name, 'unknown')",
            # The folder's own name: where it stands may name its owner.
            "project": r"regexp_extract(COALESCE(NULLIF(root, '/'), cwd, folder), '([^/\\]+)[/\\]*$', 1)",
            "status": """CASE
                WHEN is_early THEN 'ok'
                WHEN fault = 'MessageAbortedError' THEN 'aborted'
                WHEN fault = 'MessageOutputLengthError' OR fault IS NULL AND finish = 'length' THEN 'length'
                WHEN fault IS NOT NULL THEN 'failed'
                WHEN over_us IS NULL AND is_bare THEN 'started'
                ELSE 'ok'
            END""",
            "input_tokens": "CASE WHEN NOT is_bare THEN input END",
            "cache_hit_tokens": "CASE WHEN NOT is_bare AND NOT is_odd THEN hit END",
            "output_tokens": "CASE WHEN NOT is_bare THEN output END",
            # No thinking counted beside thinking that is there is no count.
            "thinking_tokens": "CASE WHEN NOT is_bare AND NOT is_odd AND (thoughts > 0 OR NOT thought) THEN thoughts END",
            # Whether what failed without a count was billed, nobody says.
            "cost_low_usd": "CASE WHEN is_bare AND fault IS NOT NULL THEN 0 END",
            "tool_usd": "usd_of(cost)",
            "conversation": "session",
        }
    ),
    skipped="role IN ('user', 'system') OR role = 'skip'",
    left_out=MappingProxyType({"unreadable_line": "role IS NULL", "fork_copy": "is_copy"}),
    noted=MappingProxyType(
        {
            "counts_contradict": "is_odd",
            "cached_beside_input": "cached > 0",
            "thinking_unclear": "is_unclear",
            "no_usage": "is_bare AND over_us IS NOT NULL AND fault IS NULL",
            "unknown_provider": f"{_SELLER} = 'unknown'",
        }
    ),
)

_STORED = """(
    SELECT id AS own_id, session_id AS session, instant_of(time_created) AS told_us, directory AS folder,
        object_of(data)::JSON AS data, steps, COALESCE(flag_of(has_thought), false) AS thought, raw_file
    FROM raw
)"""
_FILED = """(
    SELECT whole ->> '$.id' AS own_id, COALESCE(whole ->> '$.sessionID', whole ->> '$.metadata.sessionID') AS session,
        NULL::BIGINT AS told_us, NULL AS folder, whole AS data, NULL::JSON AS steps, false AS thought, raw_file
    FROM (SELECT "*"::JSON AS whole, raw_file FROM raw)
)"""
_EXPORTED = """(
    SELECT data ->> '$.id' AS own_id, data ->> '$.sessionID' AS session, NULL::BIGINT AS told_us, NULL AS folder, data,
        parts::JSON AS steps,
        len(list_filter(json_extract(parts, '$[*]'),
            lambda each: each ->> '$.type' = 'reasoning' AND each ->> '$.text' <> '')) > 0 AS thought, raw_file
    FROM (SELECT info::JSON AS data, parts, raw_file FROM raw)
)"""
_BESIDE = """(SELECT NULL AS own_id, NULL AS session, NULL::BIGINT AS told_us, NULL AS folder, '{"role": "skip"}'::JSON AS data,
    NULL::JSON AS steps, false AS thought, raw_file FROM raw)"""

_DATABASE = replace(
    _SHAPE,
    marks=frozenset({"id", "session_id", "time_created", "data"}),
    reads=("id", "session_id", "time_created", "directory", "data", "steps", "has_thought"),
    relation=_rows(_STORED),
)

OPENCODE = Importer(
    name="opencode",
    shapes=(
        replace(
            _DATABASE,
            sqlite_query=_WITH_PARTS,
            sqlite_needs=_MESSAGE | _PART | {"session.id", "session.directory"},
        ),
        replace(_DATABASE, sqlite_query=_select("NULL AS directory"), sqlite_needs=_MESSAGE),
        replace(
            _SHAPE,
            marks=frozenset({"info.role", "parts"}),
            reads=("info", "parts"),
            relation=_rows(_EXPORTED),
        ),
        *(
            replace(_SHAPE, marks=frozenset(marks), reads=("*",), relation=_rows(_FILED))
            for marks in ({"id", "sessionID", "role", "time"}, {"id", "role", "metadata.sessionID"})
        ),
        # The other files of the JSON storage: parts of messages and sessions. Nothing in them is billed.
        *(
            replace(_SHAPE, marks=frozenset(marks), reads=("id",), relation=_rows(_BESIDE))
            for marks in ({"id", "sessionID", "messageID", "type"}, {"id", "projectID", "directory", "title"})
        ),
    ),
)
