"""Helicone's requests: its table `request_response_rmt`, and what its API and its export tool write of it.

The shapes: `request_response_rmt` of Helicone/helicone, and its API's `HeliconeRequest`. All times are UTC.
"""

from __future__ import annotations

from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

# Where the answer did not come out of Helicone's own cache.
_NO_REFERENCE = "'00000000-0000-0000-0000-000000000000'"
_OWN = "'(?i)^helicone-|^user'"

_ROWS = """(
    SELECT *,
        CASE WHEN is_beside THEN prompt + COALESCE(read, 0) + COALESCE(written, 0) ELSE prompt END AS input,
        contradicts(input, read, NULL, output, NULL, CASE WHEN NOT is_beside THEN total END) AS is_odd,
        COALESCE(props ->> '/Helicone-Session-Id', props ->> '/helicone-session-id') AS session
    FROM (
        SELECT *,
            tokens_of(prompt_tokens) AS prompt, tokens_of(completion_tokens) AS output,
            tokens_of(prompt_cache_read_tokens) AS read, tokens_of(prompt_cache_write_tokens) AS written,
            tokens_of(total_tokens) AS total,
            -- What no total decides is within, as at OpenAI, unless it is more than the whole.
            COALESCE(
                beside(prompt, output, COALESCE(read, 0) + COALESCE(written, 0), NULL, total) = 'cached',
                read > prompt,
                false
            ) AS is_beside,
            TRY_CAST(COALESCE(status, response_status) AS INTEGER) AS code,
            object_of(COALESCE(properties, request_properties)) AS props,
            instant_of(request_created_at) AS begun_us,
            CAST(1000 * TRY_CAST(COALESCE(latency, delay_ms) AS DECIMAL(18, 3)) AS BIGINT) AS lasted_us
        FROM raw
    )
)"""

_MODEL = "COALESCE(model_override, request_model, model, response_model)"
_SELLER = f"COALESCE(seller_named(provider, COALESCE(target_url, request_path)), seller_of({_MODEL}))"

REQUESTS = RecordShape(
    marks=frozenset({"request_created_at", "response_created_at", "model", "prompt_tokens", "completion_tokens"}),
    reads=(
        *("request_id", "response_id", "request_created_at", "response_created_at", "latency", "delay_ms", "status"),
        *("response_status", "model", "request_model", "response_model", "model_override", "provider", "target_url"),
        *("request_path", "prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_read_tokens"),
        *("prompt_cache_write_tokens", "time_to_first_token", "cost", "properties", "request_properties"),
        *("cache_reference_id", "cached"),
    ),
    relation=_ROWS,
    values=MappingProxyType(
        {
            "id": "COALESCE(request_id, response_id)",
            "response_id": "response_id",
            "started_us": "begun_us",
            "first_token_us": "begun_us + CAST(1000 * TRY_CAST(time_to_first_token AS DECIMAL(18, 3)) AS BIGINT)",
            # -2: it runs still.
            "ended_us": "CASE WHEN code IS DISTINCT FROM -2 "
            "THEN COALESCE(instant_of(response_created_at), begun_us + lasted_us) END",
            "span_us": "0",
            "requests": "1",
            "provider": f"COALESCE({_SELLER}, 'unknown')",
            "model": _MODEL,
            "served": f"COALESCE(response_model, model, {_MODEL})",
            "tags": f"tags_in(props, {_OWN})",
            "status": """CASE
            WHEN code = -2 THEN 'started'
            WHEN code IN (499, -3) THEN 'aborted'
            WHEN code < 0 OR code >= 400 THEN 'failed'
            ELSE 'ok'
        END""",
            # A refusal uses nothing.
            "input_tokens": "CASE WHEN code BETWEEN 400 AND 498 THEN COALESCE(input, 0) ELSE input END",
            "cache_hit_tokens": "CASE WHEN NOT is_odd THEN read END",
            "output_tokens": "CASE WHEN code BETWEEN 400 AND 498 THEN COALESCE(output, 0) ELSE output END",
            "cost_low_usd": "CASE WHEN code IN (499, -3) THEN 0 END",
            # The table keeps billionths of a dollar.
            "tool_usd": "usd_of(cost) * CASE WHEN regexp_full_match(cost, '[0-9]+') THEN 0.000000001 ELSE 1 END",
            "conversation": "session",
        }
    ),
    left_out=MappingProxyType(
        {
            "response_cache": "flag_of(cached) IS TRUE "
            f"OR COALESCE(cache_reference_id, {_NO_REFERENCE}) <> {_NO_REFERENCE}",
            "not_chat": """NOT (flag_of(cached) IS TRUE)
            AND regexp_matches(COALESCE(request_path, target_url), '/(embeddings|images|audio|moderations|rerank)')""",
        }
    ),
    noted=MappingProxyType(
        {
            "counts_contradict": "is_odd",
            "cached_beside_input": "is_beside AND read > 0",
            "client_left": "code IN (499, -3)",
            "unknown_provider": f"{_SELLER} IS NULL",
        }
    ),
)

HELICONE = Importer(name="helicone", shapes=(REQUESTS,))
