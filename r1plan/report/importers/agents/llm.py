"""The log of simonw/llm: its database `logs.db`, and what `llm logs --json` and `Response.to_dict()` print of it.

The shapes: llm 0.36, `migrations.py`, `logs.py`, `serialization.py`. A row is one call of a model: of `responses` until
0.35, of `turns` from then on. Forks of a conversation share messages and no call. Zeros are not kept in token_details.
"""

from __future__ import annotations

from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

# Of what the provider answered: what says whose it is, what it used and how it ended; not its text.
_BODY = (
    *("id", "model", "usage", "finish_reason", "stop_reason", "done_reason", "eval_count", "prompt_eval_count"),
    "incomplete_details",
)
# Columns that came with later releases.
_LATER = ("input_tokens", "output_tokens", "token_details", "resolved_model", "response_json", "reasoning")


def _select(table: str, conversation: str, where: str = "", thoughts: str | None = None) -> str:
    """SQLite's SELECT of the calls in `table`; a column that its llm did not have yet is NULL.

    `thoughts`: what is there where the answer has thinking text.
    """

    def later(name: str) -> str:
        # A name that the inner table lacks is the outer one's, of `absent`.
        return f"(SELECT {name} FROM {table} AS own WHERE own.rowid = call.rowid)"

    columns = {name: later(name) for name in _LATER} | ({"reasoning": thoughts} if thoughts else {})
    fields = ", ".join(f"'{name}', json_extract(response_json, '$.{name}')" for name in _BODY)
    fields += ", 'ends', json_extract(response_json, '$.choices[0].finish_reason')"
    absent = ", ".join(f"NULL AS {name}" for name in _LATER)
    return f"""SELECT id, model, resolved_model, conversation_id, duration_ms, datetime_utc, input_tokens,
        output_tokens, token_details, CASE WHEN reasoning <> '' THEN '...' END AS reasoning,
        CASE WHEN json_valid(response_json) THEN json_object({fields}) END AS response_json
    FROM (
        SELECT call.id, call.model, call.{conversation} AS conversation_id, call.duration_ms, call.datetime_utc,
            {", ".join(f"{value} AS {name}" for name, value in columns.items())}
        FROM (SELECT {absent}) AS absent CROSS JOIN {table} AS call
        {where}
    )"""


_EVERY = ("id", "model", "duration_ms", "datetime_utc")
_RESPONSES = frozenset(f"responses.{name}" for name in (*_EVERY, "conversation_id"))
_TURNS = frozenset(f"turns.{name}" for name in (*_EVERY, "thread_id"))

_NAMED = "regexp_extract(model, '^(openrouter|deepseek|groq|together|deepinfra|novita|nebius|sambanova|hyperbolic|\
anthropic|gemini|vertex|mistral|azure|bedrock|cerebras|github|nvidia|xai|perplexity)/', 1)"
_LOCAL = "regexp_matches(model, '^(ollama|gguf|gpt4all|lmstudio|mlx|mlx-community|llamafile|llama-cpp|llama-server|\
vllm)(/|$)|:latest$')"

_ROWS = f"""(
    SELECT *,
        given + CASE WHEN is_beside THEN COALESCE(d[8], 0) + COALESCE(d[9], 0) ELSE 0 END AS input,
        written + CASE WHEN is_thinking_beside THEN g[1] ELSE 0 END AS output,
        COALESCE(used_miss(d), used_miss(s)) AS miss,
        COALESCE(used_hit(d), used_hit(s), g[3], CASE WHEN miss <= input THEN input - miss END) AS hit,
        COALESCE(used_thinking(d), used_thinking(s), g[1]) AS counted_thinking,
        CASE WHEN counted_thinking = 0 AND reasoning <> '' THEN NULL ELSE counted_thinking END AS thinking,
        contradicts(input, hit, miss, output, thinking, CASE WHEN NOT is_beside THEN total END)
            OR COALESCE(miss > input, false) AS is_odd,
        instant_of(datetime_utc) AS begun_us,
        CASE
            WHEN is_gateway THEN 'openrouter'
            WHEN {_NAMED} <> '' THEN {_NAMED}
            WHEN {_LOCAL} OR b[7] IS NOT NULL THEN 'local'
            WHEN regexp_matches(model, '^fireworks/') THEN 'fireworks'
            ELSE COALESCE(seller_of(model), 'unknown')
        END AS seller,
        is_gateway AND COALESCE(flag_of(bill[2]), usd_of(bill[3]) > 0) IS TRUE AS is_elsewhere
    FROM (
        SELECT *,
            COALESCE(tokens_of(input_tokens), tokens_of(given_too), used_input(s), tokens_of(b[8])) AS given,
            COALESCE(tokens_of(output_tokens), tokens_of(written_too), used_output(s), tokens_of(b[7])) AS written,
            COALESCE(used_total(d), used_total(s)) AS total,
            starts_with(model, 'openrouter/') OR COALESCE(starts_with(b[1], 'gen-'), false) AS is_gateway,
            -- Anthropic's counts: what the cache read and wrote stands beside the input.
            used_input(s) IS NULL AND COALESCE(d[3], d[4], d[5], d[6], d[7]) IS NULL
                AND COALESCE(d[8], d[9]) IS NOT NULL
                AND COALESCE(total <> given + written, true) AS is_beside,
            -- Gemini's thoughts stand beside the answer; its plugin adds them where it keeps the answer's count too.
            g[1] IS NOT NULL AND g[2] IS NULL AS is_thinking_beside
        FROM (
            SELECT *,
                usage_of(details) AS d, usage_of(object_of(b[3])) AS s,
                counts_of(details, ['$.thoughtsTokenCount', '$.candidatesTokenCount', '$.cachedContentTokenCount'])
                    AS g,
                fields_of(COALESCE(details, b[3]), ['$.cost', '$.is_byok', '$.cost_details.upstream_inference_cost'])
                    AS bill
            FROM (
                SELECT *,
                    object_of(COALESCE(token_details, inside(usage, '$.details'))) AS details,
                    inside(usage, '$.input') AS given_too, inside(usage, '$.output') AS written_too,
                    fields_of(object_of(response_json), [
                        {", ".join(f"'$.{name}'" for name in _BODY)}, '$.ends', '$.choices[0].finish_reason'
                    ]) AS b
                FROM raw
            )
        )
    )
)"""

_MODEL = f"""CASE
    WHEN starts_with(model, 'fireworks/models/') THEN 'accounts/' || model
    WHEN is_gateway THEN regexp_replace(model, '^openrouter/', '')
    WHEN {_NAMED} <> '' OR {_LOCAL} THEN regexp_replace(model, '^[a-z0-9-]+/', '')
    ELSE model
END"""


def _shape(marks: frozenset[str], needs: frozenset[str] = frozenset(), query: str | None = None) -> RecordShape:
    return RecordShape(
        marks=marks,
        reads=(
            *("id", "model", "resolved_model", "conversation_id", "thread_id", "duration_ms", "datetime_utc"),
            *("input_tokens", "output_tokens", "token_details", "reasoning", "response_json", "usage"),
        ),
        sqlite_needs=needs,
        sqlite_query=query,
        relation=_ROWS,
        values=MappingProxyType(
            {
                "id": "COALESCE(id, md5(concat_ws('|', datetime_utc, model, input, output)))",
                # An object stands for a text that is kept elsewhere.
                "response_id": "CASE WHEN b[1][1] <> '{' THEN b[1] END",
                "started_us": "begun_us",
                "ended_us": "begun_us + COALESCE(1000 * tokens_of(duration_ms), 0)",
                "span_us": "0",
                "requests": "1",
                "provider": "seller",
                "model": _MODEL,
                "served": "COALESCE(resolved_model, b[2])",
                "status": """CASE
                    WHEN 'length' IN (b[4], b[6], b[10], b[11]) OR b[5] = 'max_tokens'
                        OR contains(b[9], 'max_output_tokens') THEN 'length'
                    WHEN 'insufficient_system_resource' IN (b[4], b[10], b[11]) THEN 'failed'
                    ELSE 'ok'
                END""",
                "input_tokens": "input",
                "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
                "output_tokens": "output",
                "thinking_tokens": "CASE WHEN NOT is_odd THEN thinking END",
                "reported_usd": "CASE WHEN is_gateway THEN usd_of(bill[1]) END",
                "tool_usd": "CASE WHEN is_elsewhere THEN usd_of(bill[3]) WHEN NOT is_gateway THEN usd_of(bill[1]) END",
                "currency": "CASE WHEN is_gateway THEN 'USD' END",
                "conversation": "COALESCE(conversation_id, thread_id)",
            }
        ),
        noted=MappingProxyType(
            {
                "counts_contradict": "is_odd",
                "cached_beside_input": "is_beside AND input > given",
                "billed_elsewhere": "is_elsewhere",
                "unknown_provider": "seller = 'unknown'",
            }
        ),
    )


_OWN_RESPONSES = _select("responses", "conversation_id")
# A call that stands in both has been copied to the newer table.
_OTHER_RESPONSES = _select("responses", "conversation_id", "WHERE call.id NOT IN (SELECT id FROM turns)")
_BARE_TURNS = _select("turns", "thread_id")
_TURNS_WITH_PARTS = _select(
    "turns",
    "thread_id",
    thoughts="CASE WHEN call.tip_message_hash IN (SELECT message_hash FROM parts WHERE type = 'reasoning') THEN 'text' END",
)
_PARTS = frozenset({"parts.message_hash", "parts.type"})

_PRINTED = frozenset({"model", "conversation_id", "duration_ms", "datetime_utc"})
_TURN = frozenset({"model", "thread_id", "tip_message_hash", "datetime_utc"})
_ALONE = frozenset({"model", "messages", "usage.input"})

LLM = Importer(
    name="llm",
    shapes=(
        _shape(_PRINTED, _RESPONSES | _TURNS | _PARTS, f"{_TURNS_WITH_PARTS} UNION ALL {_OTHER_RESPONSES}"),
        _shape(_PRINTED, _RESPONSES | _TURNS, f"{_BARE_TURNS} UNION ALL {_OTHER_RESPONSES}"),
        _shape(_PRINTED, _RESPONSES, _OWN_RESPONSES),
        _shape(_TURN, _TURNS | _PARTS, _TURNS_WITH_PARTS),
        _shape(_TURN, _TURNS, _BARE_TURNS),
        _shape(_ALONE),
    ),
)
