"""LiteLLM's spend logs: a row a request, and its daily tables, which sum the same rows.

The shapes: `schema.prisma` and `proxy/_types.py` of litellm 1.110.2.
"""

from __future__ import annotations

from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

_DAY_US = 86_400_000_000

# A provider that only says how a server is spoken to: its address says who it is.
_GENERIC = "('', 'openai', 'custom_openai', 'openai_like', 'litellm_proxy', 'custom', 'text-completion-openai')"

# Of `metadata`, which an operator may have cut down to its status.
_PATHS = (
    "'$.usage_object', '$.additional_usage_values', '$.status', '$.error_information.error_code', "
    "'$.error_information.error_class', '$.is_silent_experiment', '$.billed_retry_attempt', "
    "'$.user_api_key_alias', '$.user_api_key_project_alias', '$.user_api_key_team_alias', "
    "'$.batch_successful_requests', '$.batch_failed_requests'"
)
# Nearly all are objects of JSON: what is none, or one in a text, is looked at twice.
_META = (
    f"COALESCE(TRY(json_extract_string(CASE WHEN metadata[1] = '{{' THEN metadata END, [{_PATHS}])), "
    f"json_extract_string(object_of(metadata), [{_PATHS}]))"
)

# Calls that are no chat, by the name of LiteLLM's function without its "a" for async.
_NOT_CHAT = (
    "embedding|image_(generation|edit|variation)|create_(video|image)|(video|avideo)_.*|transcription|speech|rerank|"
    "moderation|ocr|search|vector_store.*|(create|retrieve|delete|list)_(file|fine_tuning|vector_store).*|"
    "file_.*|call_mcp_tool|list_mcp_tools|realtime.*|health.*|.*assistants?|.*thread.*|create_batch|list_batches"
)

_ROWS = f"""(
    SELECT *,
        COALESCE(NULLIF(prompt, 0), used_input(u), prompt) AS input,
        COALESCE(NULLIF(completion, 0), used_output(u), completion) AS output,
        COALESCE(used_hit(u), used_hit(more)) AS hit,
        COALESCE(used_thinking(u), used_thinking(more)) AS thinking,
        contradicts(input, hit, COALESCE(used_miss(u), used_miss(more)), output, thinking, total) AS is_odd,
        COALESCE(lower(status), lower(meta[3])) = 'failure' AS has_failed,
        has_failed AND (meta[4] = '499' OR contains(meta[5], 'Disconnect')) AS is_cut,
        flag_of(meta[7]) IS TRUE OR CASE
            WHEN contains(request_id, '-attempt-') THEN regexp_matches(request_id, '-attempt-[0-9]+$')
        END IS TRUE AS is_retry,
        flag_of(meta[6]) IS TRUE AS is_experiment,
        call_type IN ('retrieve_batch', 'aretrieve_batch') OR contains(request_id, '_batch_cost') AS is_batch,
        flag_of(cache_hit) IS TRUE AS is_cached
    FROM (
        SELECT *, usage_of(used) AS u, usage_of(used_too) AS more
        FROM (
            SELECT *, object_of(meta[1]) AS used, object_of(meta[2]) AS used_too
            FROM (
                SELECT *, {_META} AS meta, tokens_of(prompt_tokens) AS prompt,
                    tokens_of(completion_tokens) AS completion, tokens_of(total_tokens) AS total
                FROM raw
            )
        )
    )
)"""

_MODEL = """CASE
    WHEN model IS NULL THEN model_group
    WHEN custom_llm_provider IS NOT NULL AND starts_with(model, custom_llm_provider || '/')
        THEN model[length(custom_llm_provider) + 2:]
    ELSE model
END"""

_SELLER = f"""COALESCE(
    CASE WHEN lower(COALESCE(custom_llm_provider, '')) IN {_GENERIC} THEN seller_at(api_base) END,
    custom_llm_provider,
    CASE WHEN contains(model, '/') THEN split_part(model, '/', 1) END
)"""

REQUESTS = RecordShape(
    marks=frozenset({"request_id", "call_type", "spend", "prompt_tokens", "completion_tokens", "startTime"}),
    reads=(
        *("request_id", "call_type", "spend", "total_tokens", "prompt_tokens", "completion_tokens"),
        *("startTime", "endTime", "completionStartTime", "model", "model_group", "custom_llm_provider", "api_base"),
        *("metadata", "cache_hit", "request_tags", "team_id", "session_id", "status"),
    ),
    relation=_ROWS,
    values=MappingProxyType(
        {
            "id": "request_id",
            "response_id": "CASE WHEN NOT is_retry THEN request_id END",
            "started_us": "instant_of(startTime)",
            "first_token_us": "instant_of(completionStartTime)",
            "ended_us": "instant_of(endTime)",
            "span_us": "0",
            "requests": "CASE WHEN is_batch THEN tokens_of(meta[11]) + COALESCE(tokens_of(meta[12]), 0) ELSE 1 END",
            "provider": _SELLER,
            "model": _MODEL,
            "served": _MODEL,
            "project": "COALESCE(meta[9], meta[10], team_id)",
            "tags": "request_tags",
            "key": "meta[8]",
            "status": "CASE WHEN is_cut THEN 'aborted' WHEN has_failed THEN 'failed' ELSE 'ok' END",
            "input_tokens": "input",
            "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
            "output_tokens": "output",
            "thinking_tokens": "CASE WHEN NOT is_odd THEN thinking END",
            # What LiteLLM bills for an attempt that broke off it has counted itself.
            "provenance": """CASE WHEN is_retry OR is_cut
            THEN '{"input_tokens": "estimated", "output_tokens": "estimated"}' END""",
            "cost_low_usd": "CASE WHEN is_cut THEN 0 END",
            "tool_usd": "usd_of(spend)",
            "attempt_of": "CASE WHEN is_retry THEN regexp_replace(request_id, '-attempt-[0-9]+$', '') END",
            "conversation": "session_id",
        }
    ),
    tags="tags_of(object_of(tags))",
    left_out=MappingProxyType(
        {
            "response_cache": "is_cached",
            "not_chat": f"""CASE
                WHEN is_cached OR call_type IN ('completion', 'acompletion') THEN false
                ELSE regexp_full_match(call_type, 'a?({_NOT_CHAT})')
            END""",
        }
    ),
    noted=MappingProxyType(
        {
            "counts_contradict": "is_odd",
            "silent_experiment": "is_experiment",
            "billed_retry": "is_retry",
            "client_left": "is_cut",
            "batch": "is_batch",
            "no_token_details": "input > 0 AND hit IS NULL AND u IS NULL AND more IS NULL",
        }
    ),
)

# Whose day it is: a row of its own for each of them.
_DAY_OF = ("api_key", "user_id", "team_id", "organization_id", "end_user_id", "agent_id", "mcp_namespaced_tool_name")
_WHOSE = ", ".join(f"'{name}', {name}" for name in _DAY_OF)

DAYS = RecordShape(
    marks=frozenset({"date", "api_key", "prompt_tokens", "completion_tokens", "spend", "api_requests"}),
    reads=(
        *("id", "date", "model", "model_group", "custom_llm_provider", "prompt_tokens", "completion_tokens"),
        *("cache_read_input_tokens", "spend", "api_requests", "tag", "endpoint", *_DAY_OF),
    ),
    relation="""(
        SELECT *, NULL AS api_base, tokens_of(prompt_tokens) AS input, tokens_of(completion_tokens) AS output,
            tokens_of(cache_read_input_tokens) AS hit, COALESCE(hit > input, false) AS is_odd,
            -- Every request is in the sums of its user, of its team and so on: a table is one of these.
            CASE
                WHEN bool_or(user_id IS NOT NULL) OVER file THEN ['sums_by_user']
                WHEN bool_or(team_id IS NOT NULL) OVER file THEN ['sums_by_team']
                WHEN bool_or(organization_id IS NOT NULL) OVER file THEN ['sums_by_organization']
                WHEN bool_or(end_user_id IS NOT NULL) OVER file THEN ['sums_by_end_user']
                WHEN bool_or(agent_id IS NOT NULL) OVER file THEN ['sums_by_agent']
            END AS kinds
        FROM raw
        WINDOW file AS (PARTITION BY raw_file)
    )""",
    values=MappingProxyType(
        {
            "id": f"COALESCE(id, md5(concat_ws('|', date, model, custom_llm_provider, endpoint, {_WHOSE})))",
            "started_us": "instant_of(date)",
            "span_us": str(_DAY_US),
            "requests": "tokens_of(api_requests)",
            "provider": _SELLER,
            "model": _MODEL,
            "served": _MODEL,
            "status": "'ok'",
            "input_tokens": "input",
            "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
            "output_tokens": "output",
            "tool_usd": "usd_of(spend)",
            "flags": "kinds",
        }
    ),
    # A request with two tags is in the sums of both.
    left_out=MappingProxyType({"sums_by_tag": "tag IS NOT NULL"}),
    noted=MappingProxyType({"counts_contradict": "is_odd"}),
)

LITELLM = Importer(name="litellm", shapes=(REQUESTS, DAYS))
