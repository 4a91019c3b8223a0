"""What OpenAI's API and all that speak like it answer: bodies, a stream's chunks, a batch's output; and OpenAI's usage.

A body does not say who sold it: OpenRouter's do, of others the name of the model tells, where one seller alone has it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

# In a batch's output the body stands within the line.
_BODY = (
    *("id", "object", "created", "created_at", "model", "provider", "choices", "usage", "error", "timings"),
    *("status", "incomplete_details", "x_groq"),
)
_INNER = ", ".join(f"'$.body.{name}'" for name in _BODY)

_EACH = f"""(
    SELECT *,
        COALESCE(used_input(u), t[1] + COALESCE(t[2], 0)) AS input,
        COALESCE(used_output(u), t[3]) AS output,
        COALESCE(used_hit(u), t[2]) AS hit,
        CASE WHEN used_thinking(u) = 0 AND has_thought THEN NULL ELSE used_thinking(u) END AS thinking,
        contradicts(input, hit, used_miss(u), output, thinking, used_total(u)) AS is_odd,
        instant_of(COALESCE(made, made_at)) AS at_us,
        starts_with(body_id, 'gen-') OR host IS NOT NULL AS is_openrouter,
        COALESCE(flag_of(bill[2]), usd_of(bill[3]) > 0) IS TRUE AND is_openrouter AS is_elsewhere
    FROM (
        SELECT *,
            usage_of(used) AS u,
            fields_of(used, ['$.cost', '$.is_byok', '$.cost_details.upstream_inference_cost']) AS bill,
            counts_of(timed, ['$.prompt_n', '$.cache_n', '$.predicted_n']) AS t,
            used IS NOT NULL OR timed IS NOT NULL AS has_usage,
            COALESCE(contains(sort, 'chunk'), c[5] IS NOT NULL, false) AS is_chunk,
            -- vLLM and SGLang say 0 beside thinking that is there.
            COALESCE(c[2] <> '', false) OR COALESCE(c[3] <> '', false) OR COALESCE(contains(c[4], '</think>'), false)
                AS has_thought
        FROM (
            SELECT *,
                object_of(COALESCE(usage_at, inside(said, '$[0].usage'), inside(groq, '$.usage'))) AS used,
                fields_of(said, [
                    '$[0].finish_reason', '$[0].message.reasoning_content', '$[0].message.reasoning',
                    '$[0].message.content', '$[0].delta'
                ]) AS c
            FROM (
                SELECT custom_id, raw_file, row_number() OVER () AS place,
                    CASE WHEN custom_id IS NULL THEN [{", ".join(f'"{name}"' for name in _BODY)}]
                        ELSE fields_of(response, [{_INNER}]) END AS b,
                    b[1] AS body_id, b[2] AS sort, b[3] AS made, b[4] AS made_at, b[5] AS model, b[6] AS host,
                    b[7] AS said, b[8] AS usage_at, object_of(b[10]) AS timed, b[11] AS state, b[12] AS cut,
                    b[13] AS groq,
                    COALESCE(b[9], CASE WHEN custom_id IS NOT NULL THEN error END) AS fault,
                    tokens_of(inside(response, '$.status_code')) AS code
                FROM raw
            )
        )
    )
)"""

# A stream is one row, that of its last chunk with a usage, or else of its last: a count may grow from chunk to chunk, or
# stand in one of them alone.
_ROWS = f"""(
    WITH bodies AS MATERIALIZED (
        SELECT * EXCLUDE (b, said, c, usage_at, used, timed, groq), c[1] AS ends FROM {_EACH}
    )
    SELECT
        bodies.* REPLACE (
            COALESCE(most_input, input) AS input, COALESCE(most_output, output) AS output,
            COALESCE(most_hit, hit) AS hit, COALESCE(most_thinking, thinking) AS thinking,
            COALESCE(ends, some_end) AS ends
        ),
        is_chunk AND place <> last_place AS is_early
    FROM bodies
    LEFT JOIN (
        SELECT
            raw_file AS chunk_file, body_id AS chunk_id,
            COALESCE(max(place) FILTER (has_usage), max(place)) AS last_place, max(ends) AS some_end,
            max(input) AS most_input, max(output) AS most_output, max(hit) AS most_hit, max(thinking) AS most_thinking
        FROM bodies
        WHERE is_chunk
        GROUP BY ALL
    ) AS chunks ON is_chunk AND body_id = chunk_id AND raw_file = chunk_file
)"""

_SELLER = "CASE WHEN is_openrouter THEN 'openrouter' ELSE COALESCE(seller_of(model), 'unknown') END"

_BODIES = RecordShape(
    marks=frozenset(),
    reads=(*_BODY, "custom_id", "response"),
    relation=_ROWS,
    values=MappingProxyType(
        {
            "id": "COALESCE(body_id, md5(concat_ws('|', at_us, model, input, output)))",
            "response_id": "body_id",
            "started_us": "at_us",
            "ended_us": "at_us",  # the one instant that a body has
            "span_us": "0",
            "requests": "1",
            "provider": _SELLER,
            "model": "COALESCE(model, 'unknown')",
            "served": "model",
            "status": """CASE
            WHEN ends = 'length' OR contains(cut, 'max_output_tokens') THEN 'length'
            WHEN ends IN ('insufficient_system_resource', 'error') OR state = 'failed' THEN 'failed'
            WHEN state = 'cancelled' THEN 'aborted'
            ELSE 'ok'
        END""",
            "input_tokens": "input",
            "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
            "output_tokens": "output",
            "thinking_tokens": "CASE WHEN NOT is_odd THEN thinking END",
            "reported_usd": "CASE WHEN is_openrouter THEN usd_of(bill[1]) END",
            # What a gateway puts there is its own reckoning.
            "tool_usd": "CASE WHEN is_elsewhere THEN usd_of(bill[3]) WHEN NOT is_openrouter THEN usd_of(bill[1]) END",
            "currency": "CASE WHEN is_openrouter THEN 'USD' END",
        }
    ),
    skipped="is_early AND fault IS NULL",
    left_out=MappingProxyType(
        {
            "error_body": "fault IS NOT NULL AND NOT has_usage OR code >= 400",
            "not_chat": "sort IN ('list', 'embedding')",
        }
    ),
    noted=MappingProxyType(
        {
            "counts_contradict": "is_odd",
            "billed_elsewhere": "is_elsewhere",
            "batch": "custom_id IS NOT NULL",
            "unknown_provider": f"{_SELLER} = 'unknown'",
        }
    ),
)

# OpenAI's own sums, by hour or day. What a result says nothing of, it was not asked to be split by.
_BUCKETS = RecordShape(
    marks=frozenset({"start_time", "end_time", "results"}),
    reads=("start_time", "end_time", "results"),
    relation="""(
        SELECT *, tokens_of(r[2]) AS input, tokens_of(r[3]) AS hit, tokens_of(r[4]) AS output,
            COALESCE(hit > input, false) AS is_odd,
            COALESCE(contains(r[1], 'costs'), r[12] IS NOT NULL) AS is_cost,
            -- What one answer splits by; the same requests may be split by something else in another.
            CASE WHEN is_cost THEN ['sums_by_cost'] ELSE ['sums_by_' || concat_ws('_', CASE WHEN bool_or(r[6] IS NOT NULL) OVER file THEN 'project' END, CASE WHEN bool_or(r[7] IS NOT NULL) OVER file THEN 'key' END, CASE WHEN bool_or(r[8] IS NOT NULL) OVER file THEN 'user' END, CASE WHEN bool_or(r[9] IS NOT NULL) OVER file THEN 'model' END, CASE WHEN bool_or(r[10] IS NOT NULL) OVER file THEN 'batch' END, CASE WHEN bool_or(r[11] IS NOT NULL) OVER file THEN 'tier' END)] END AS kinds
        FROM (
            SELECT start_time, end_time, raw_file, fields_of(result, [
                '$.object', '$.input_tokens', '$.input_cached_tokens', '$.output_tokens', '$.num_model_requests',
                '$.project_id', '$.api_key_id', '$.user_id', '$.model', '$.batch', '$.service_tier',
                '$.amount.value', '$.amount.currency', '$.line_item', '$.organization_id'
            ]) AS r
            FROM (
                SELECT start_time, end_time, raw_file, unnest(json_extract(results, '$[*]')) AS result
                FROM raw WHERE json_valid(results)
            )
        )
        WINDOW file AS (PARTITION BY raw_file)
    )""",
    values=MappingProxyType(
        {
            "id": """md5(concat_ws('|', start_time, end_time, is_cost, COALESCE(r[6], '-'),
                COALESCE(r[7], '-'), COALESCE(r[8], '-'),
            COALESCE(r[9], '-'), COALESCE(r[10], '-'), COALESCE(r[11], '-'),
                COALESCE(r[14], '-'), COALESCE(r[15], '-')))""",
            "started_us": "instant_of(start_time)",
            "span_us": "instant_of(end_time) - instant_of(start_time)",
            "requests": "tokens_of(r[5])",
            "provider": "'openai'",
            "model": "COALESCE(r[9], r[14], 'unknown')",
            "served": "r[9]",
            "project": "r[6]",
            "key": "r[7]",  # the id of a key that its owner sees; it opens nothing
            "status": "'ok'",
            "input_tokens": "input",
            "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
            "output_tokens": "output",
            "reported_usd": "CASE WHEN is_cost THEN usd_of(r[12]) END",
            "currency": "upper(r[13])",
            "flags": "kinds",
        }
    ),
    left_out=MappingProxyType(
        {
            "not_chat": "NOT is_cost AND r[1] IS NOT NULL AND NOT contains(r[1], 'completions')",
        }
    ),
    noted=MappingProxyType(
        {
            "counts_contradict": "is_odd",
            "batch": "flag_of(r[10]) IS TRUE",
        }
    ),
)

OPENAI = Importer(
    name="openai",
    shapes=(
        _BUCKETS,
        *(
            replace(_BODIES, marks=frozenset(marks))
            for marks in (
                {"custom_id", "response"},
                {"id", "choices", "created", "model"},
                {"usage.prompt_tokens", "model"},
                {"id", "object", "created_at", "output", "model"},
            )
        ),
    ),
)
