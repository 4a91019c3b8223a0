"""OpenRouter's figures: the log that its activity page exports, generations one by one, and the sums of /activity.

The shapes: the export's header, and openrouter 1.3.84 (`Generation`, `ActivityItem`). All times are UTC.
"""

from __future__ import annotations

from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

_DAY_US = 86_400_000_000

# "deepseek/deepseek-r1-20250120" is what answered for "deepseek/deepseek-r1".
_UNDATED = "CASE WHEN contains({slug}, '-20') THEN regexp_replace({slug}, '-20[0-9]{{6}}$', '') ELSE {slug} END"
# A free variant has its own price, of nothing.
_VARIANT = """CASE
    WHEN variant IS NULL OR lower(variant) IN ('', 'standard') OR ends_with(model_permaslug, ':' || variant) THEN ''
    ELSE ':' || variant
END"""

_STATUS = """CASE
    WHEN flag_of(cancelled) IS TRUE THEN 'aborted'
    WHEN finish = 'length' THEN 'length'
    WHEN finish = 'error' THEN 'failed'
    ELSE 'ok'
END"""

_COUNTED = MappingProxyType(
    {
        "input_tokens": "input",
        "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
        "output_tokens": "output",
        "thinking_tokens": "CASE WHEN NOT is_odd THEN thinking END",
        "currency": "'USD'",
    }
)

LOG = RecordShape(
    marks=frozenset({"generation_id", "created_at", "cost_total", "tokens_prompt", "tokens_completion"}),
    reads=(
        *("generation_id", "created_at", "cost_total", "byok_usage_inference", "tokens_prompt", "tokens_completion"),
        *("tokens_reasoning", "tokens_cached", "model_permaslug", "variant", "cancelled", "finish_reason_normalized"),
        *("generation_time_ms", "time_to_first_token_ms", "api_key_name", "app_name"),
    ),
    relation="""(
        SELECT *, tokens_of(tokens_prompt) AS input, tokens_of(tokens_completion) AS output,
            tokens_of(tokens_cached) AS hit, tokens_of(tokens_reasoning) AS thinking,
            contradicts(input, hit, NULL, output, thinking, NULL) AS is_odd,
            lower(finish_reason_normalized) AS finish,
            instant_of(created_at) AS begun_us,
            usd_of(byok_usage_inference) > 0 AS is_byok
        FROM raw
    )""",
    values=MappingProxyType(
        {
            **_COUNTED,
            "id": "generation_id",
            "response_id": "generation_id",
            "started_us": "begun_us",
            "first_token_us": "begun_us + CAST(1000 * TRY_CAST(time_to_first_token_ms AS DECIMAL(18, 3)) AS BIGINT)",
            "ended_us": "begun_us + COALESCE(CAST(1000 * TRY_CAST(generation_time_ms AS DECIMAL(18, 3)) AS BIGINT), 0)",
            "span_us": "0",
            "requests": "1",
            "provider": "'openrouter'",
            "model": f"({_UNDATED.format(slug='model_permaslug')}) || {_VARIANT}",
            "served": "model_permaslug",
            "project": "app_name",
            "key": "api_key_name",
            "status": _STATUS,
            "reported_usd": "usd_of(cost_total)",
            "tool_usd": "CASE WHEN is_byok THEN usd_of(byok_usage_inference) END",
        }
    ),
    noted=MappingProxyType(
        {
            "counts_contradict": "is_odd",
            "billed_elsewhere": "is_byok",
            "cancelled": "flag_of(cancelled) IS TRUE",
        }
    ),
)

GENERATIONS = RecordShape(
    marks=frozenset({"id", "created_at", "total_cost", "native_tokens_prompt", "native_tokens_completion"}),
    reads=(
        *("id", "created_at", "model", "total_cost", "usage", "upstream_inference_cost", "is_byok", "cancelled"),
        *("finish_reason", "generation_time", "latency", "tokens_prompt", "tokens_completion"),
        *("native_tokens_prompt", "native_tokens_completion", "native_tokens_reasoning", "native_tokens_cached"),
    ),
    relation="""(
        SELECT *,
            tokens_of(native_tokens_prompt) IS NULL OR tokens_of(native_tokens_completion) IS NULL AS is_foreign,
            CASE WHEN is_foreign THEN tokens_of(tokens_prompt) ELSE tokens_of(native_tokens_prompt) END AS input,
            CASE WHEN is_foreign THEN tokens_of(tokens_completion) ELSE tokens_of(native_tokens_completion) END
                AS output,
            CASE WHEN NOT is_foreign THEN tokens_of(native_tokens_cached) END AS hit,
            CASE WHEN NOT is_foreign THEN tokens_of(native_tokens_reasoning) END AS thinking,
            contradicts(input, hit, NULL, output, thinking, NULL) AS is_odd,
            lower(finish_reason) AS finish,
            instant_of(created_at) AS begun_us,
            COALESCE(flag_of(is_byok), usd_of(upstream_inference_cost) > 0) IS TRUE AS is_elsewhere
        FROM raw
    )""",
    values=MappingProxyType(
        {
            **_COUNTED,
            "id": "id",
            "response_id": "id",
            "started_us": "begun_us",
            "first_token_us": "begun_us + CAST(1000 * TRY_CAST(latency AS DECIMAL(18, 3)) AS BIGINT)",
            "ended_us": "begun_us + COALESCE(CAST(1000 * TRY_CAST(generation_time AS DECIMAL(18, 3)) AS BIGINT), 0)",
            "span_us": "0",
            "requests": "1",
            "provider": "'openrouter'",
            "model": _UNDATED.format(slug="model"),
            "served": "model",
            "status": _STATUS,
            "provenance": """CASE WHEN is_foreign
            THEN '{"input_tokens": "estimated", "output_tokens": "estimated"}' END""",
            # Of a user's own key OpenRouter bills its fee, and the user's provider the rest.
            "reported_usd": "COALESCE(usd_of(total_cost), usd_of(usage))",
            "tool_usd": "CASE WHEN is_elsewhere THEN usd_of(upstream_inference_cost) END",
        }
    ),
    noted=MappingProxyType(
        {
            "counts_contradict": "is_odd",
            "billed_elsewhere": "is_elsewhere",
            "cancelled": "flag_of(cancelled) IS TRUE",
            "not_native_tokens": "is_foreign",
        }
    ),
)

ACTIVITY = RecordShape(
    marks=frozenset({"date", "model", "model_permaslug", "usage", "requests", "prompt_tokens", "completion_tokens"}),
    reads=(
        *("date", "model", "model_permaslug", "endpoint_id", "provider_name", "workspace_id", "usage"),
        *(
            "byok_usage_inference",
            "requests",
            "prompt_tokens",
            "completion_tokens",
            "reasoning_tokens",
            "cached_tokens",
        ),
    ),
    relation="""(
        SELECT *, tokens_of(prompt_tokens) AS input, tokens_of(completion_tokens) AS output,
            tokens_of(cached_tokens) AS hit, tokens_of(reasoning_tokens) AS thinking,
            contradicts(input, hit, NULL, output, thinking, NULL) AS is_odd,
            usd_of(byok_usage_inference) > 0 AS is_elsewhere
        FROM raw
    )""",
    values=MappingProxyType(
        {
            **_COUNTED,
            "id": "md5(concat_ws('|', date[1:10], model_permaslug, model, endpoint_id, provider_name, workspace_id))",
            "started_us": "instant_of(date)",
            "span_us": str(_DAY_US),
            "requests": "tokens_of(requests)",
            "provider": "'openrouter'",
            "model": "COALESCE(model, model_permaslug)",
            "served": "model_permaslug",
            "status": "'ok'",
            "reported_usd": "usd_of(usage)",
            "tool_usd": "CASE WHEN is_elsewhere THEN usd_of(byok_usage_inference) END",
        }
    ),
    noted=MappingProxyType({"counts_contradict": "is_odd", "billed_elsewhere": "is_elsewhere"}),
)

OPENROUTER = Importer(name="openrouter", shapes=(LOG, GENERATIONS, ACTIVITY))
