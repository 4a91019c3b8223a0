"""The tasks of Cline and of what descends from it, Roo Code and Kilo Code: `tasks/<id>/ui_messages.json`; Cline's command.

The shapes: `ExtensionMessage.ts` of each (`ClineApiReqInfo`), and the messages of `<id>.messages.json` that the command
writes. What a request used is JSON within the text of a message. Cline counts what the cache read beside `tokensIn`, but
for some providers; Roo and Kilo, which tell `apiProtocol`, within it, but for Anthropic's before November 2025.
"""

from __future__ import annotations

from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

# Whose handlers in Cline give the whole prompt with what was cached of it.
_WHOLE = "('openai', 'litellm', 'doubao', 'fireworks', 'hicap', 'lmstudio', 'qwen', 'xai', 'zai')"
_ROO_WHOLE_SINCE_US = 1_761_955_200_000_000  # 2025-11-01, Roo Code 3.29.5

_ROWS = """(
    SELECT *,
        given + CASE WHEN is_beside THEN cached ELSE 0 END AS input,
        COALESCE(given, 0) + COALESCE(output, 0) + cached = 0 AS is_bare,
        COALESCE(thinking > output, false) AS is_odd
    FROM (
        SELECT *, COALESCE(hit, 0) + COALESCE(stored, 0) AS cached,
            cached > 0 AND (given < cached OR {is_beside}) AS is_beside
        FROM {lines}
    )
)"""

_TASK_LINES = """(
    SELECT say, ts AS own_ts, instant_of(ts) AS told_us,
        tokens_of(t[1]) AS given, tokens_of(t[2]) AS output, tokens_of(t[3]) AS hit, tokens_of(t[4]) AS stored,
        COALESCE(usd_of(t[5]), usd_of(inside("contextCondense", '$.cost'))) AS cost,
        t[6] AS cancelled, t[7] AS protocol, tokens_of(t[8]) AS thinking,
        COALESCE(t[9], inside("modelInfo", '$.providerId')) AS seller_name,
        COALESCE(t[10], inside("modelInfo", '$.modelId')) AS model_name,
        NULL AS message_id
    FROM (
        SELECT *, fields_of(text, ['$.tokensIn', '$.tokensOut', '$.cacheReads', '$.cacheWrites', '$.cost',
            '$.cancelReason', '$.apiProtocol', '$.reasoningTokens', '$.providerId', '$.modelId']) AS t
        FROM raw
    )
)"""
_COMMAND_LINES = """(
    SELECT CASE WHEN role = 'assistant' AND metrics IS NOT NULL THEN 'api_req_started' END AS say, ts AS own_ts,
        instant_of(ts) AS told_us, tokens_of(m[1]) AS given, tokens_of(m[2]) AS output, tokens_of(m[3]) AS hit,
        tokens_of(m[4]) AS stored, usd_of(m[5]) AS cost, NULL AS cancelled, NULL AS protocol,
        NULL::BIGINT AS thinking, inside("modelInfo", '$.provider') AS seller_name, inside("modelInfo", '$.id') AS model_name,
        id AS message_id
    FROM (
        SELECT *, fields_of(metrics, ['$.inputTokens', '$.outputTokens', '$.cacheReadTokens', '$.cacheWriteTokens', '$.cost'])
            AS m
        FROM raw
    )
)"""
_TASK_BESIDE = f"""CASE
    WHEN protocol IS NULL THEN COALESCE(seller_name, '') NOT IN {_WHOLE}
    ELSE protocol = 'anthropic' AND told_us < {_ROO_WHOLE_SINCE_US}
END"""

_SELLER = """CASE
    WHEN lower(seller_name) IN ('ollama', 'lmstudio', 'vscode-lm') THEN 'local'
    ELSE COALESCE(CASE WHEN lower(seller_name) NOT IN ('', 'openai', 'litellm') THEN seller_name END,
        seller_of(model_name), seller_name, 'unknown')
END"""
# Several requests in one: those that were deleted with their messages, those of subagents.
_IS_SUM = "say IN ('deleted_api_reqs', 'subagent_usage')"


def _shape(marks: frozenset[str], reads: tuple[str, ...], lines: str, is_beside: str) -> RecordShape:
    return RecordShape(
        marks=marks,
        reads=reads,
        relation=_ROWS.format(lines=lines, is_beside=is_beside),
        values=MappingProxyType(
            {
                "id": "COALESCE(message_id, md5(concat_ws('|', own_ts, say, seller_name, model_name, given, output, hit, cost)))",
                "started_us": "told_us",
                "ended_us": "CASE WHEN NOT is_bare OR cancelled IS NOT NULL OR cost > 0 THEN told_us END",
                # A sum has a span; of this one only the end is known.
                "span_us": f"CASE WHEN {_IS_SUM} THEN 1 ELSE 0 END",
                "requests": f"CASE WHEN NOT {_IS_SUM} THEN 1 END",
                "provider": _SELLER,
                "model": "COALESCE(model_name, 'unknown')",
                "status": """CASE
                    WHEN cancelled = 'user_cancelled' THEN 'aborted'
                    WHEN cancelled IS NOT NULL THEN 'failed'
                    WHEN is_bare AND COALESCE(cost, 0) = 0 THEN 'started'
                    ELSE 'ok'
                END""",
                "input_tokens": "CASE WHEN NOT is_bare THEN input END",
                "cache_hit_tokens": "CASE WHEN NOT is_bare THEN hit END",
                "output_tokens": "CASE WHEN NOT is_bare THEN output END",
                "thinking_tokens": "CASE WHEN NOT is_bare AND NOT is_odd THEN thinking END",
                # Whether what broke off without a count was billed, nobody says.
                "cost_low_usd": "CASE WHEN is_bare AND cancelled IS NOT NULL THEN 0 END",
                "tool_usd": "cost",
            }
        ),
        skipped=f"COALESCE(say, '') NOT IN ('api_req_started', 'condense_context') AND NOT COALESCE({_IS_SUM}, false)",
        noted=MappingProxyType(
            {
                "counts_contradict": "is_odd",
                "cached_beside_input": "is_beside",
                "sums_of_requests": _IS_SUM,
                "no_usage": "is_bare AND cancelled IS NULL AND cost > 0",
                "unknown_provider": f"{_SELLER} = 'unknown'",
            }
        ),
    )


_TASK = ("ts", "type", "say", "text", "modelInfo", "contextCondense")

CLINE = Importer(
    name="cline",
    shapes=(
        *(_shape(frozenset({"ts", "type", kind}), _TASK, _TASK_LINES, _TASK_BESIDE) for kind in ("say", "ask")),
        _shape(
            frozenset({"id", "role", "metrics", "modelInfo"}),
            ("id", "role", "ts", "metrics", "modelInfo"),
            _COMMAND_LINES,
            "true",
        ),
    ),
)
