"""The sessions of Claude Code, `~/.claude/projects/**/*.jsonl`, and of its forks: what it asked of whatever model.

A line is a block of an answer: those of one answer have one `message.id`, and each repeats the usage so far. A resumed
session repeats the lines of the one before. The usage is that of Anthropic's messages: what the cache read and wrote
stands beside the input. Since 2.1.235 nothing is written of what DeepSeek's cache read.
"""

from __future__ import annotations

from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

_MESSAGE = (
    *("id", "model", "stop_reason", "usage.input_tokens", "usage.output_tokens", "usage.cache_read_input_tokens"),
    *("usage.cache_creation_input_tokens", "usage.cost", "usage.output_tokens_details.thinking_tokens"),
    "usage.output_tokens_details.reasoning_tokens",
)
_PATHS = ", ".join(f"'$.{path}'" for path in _MESSAGE)

# "2.1.235" as a number that orders versions.
_VERSION = """(
    1000000 * TRY_CAST(split_part(version, '.', 1) AS BIGINT) + 10000 * TRY_CAST(split_part(version, '.', 2) AS BIGINT)
        + TRY_CAST(regexp_extract(split_part(version, '.', 3), '^[0-9]+') AS BIGINT)
)"""
_SILENT_SINCE = 1_000_000 * 2 + 10_000 * 1 + 235

_ROWS = f"""(
    SELECT *,
        min(told_us) OVER (PARTITION BY raw_file, call_id) AS begun_us,
        max(told_us) OVER (PARTITION BY raw_file, call_id) AS over_us,
        max(stop_reason) OVER (PARTITION BY raw_file, call_id) AS ends,
        -- The last of those that say the most: an earlier line tells less of the answer, a cut one nothing.
        row_number() OVER (PARTITION BY raw_file, call_id ORDER BY is_call DESC, output DESC NULLS LAST, place DESC) > 1 AS is_early
    FROM (
        SELECT *,
            COALESCE(m[1], request, own_id) AS call_id,
            m[3] AS stop_reason,
            regexp_replace(m[2], '\\[1m\\]$', '') AS model_name,
            COALESCE(m[2] = '<synthetic>', false) OR flag_of(is_fault) IS TRUE AS is_synthetic,
            COALESCE(sort = 'assistant' AND m[2] IS NOT NULL AND NOT is_synthetic, false) AS is_call,
            tokens_of(m[4]) AS given, tokens_of(m[5]) AS output, tokens_of(m[6]) AS hit, tokens_of(m[7]) AS stored,
            given + COALESCE(hit, 0) + COALESCE(stored, 0) AS input,
            COALESCE(tokens_of(m[9]), tokens_of(m[10])) AS thinking,
            COALESCE(input, 0) + COALESCE(output, 0) = 0 AS is_bare,
            COALESCE(thinking > output, false) AS is_odd,
            COALESCE(hit, 0) = 0 AND COALESCE(stored, 0) = 0 AND contains(lower(m[2]), 'deepseek')
                AND COALESCE({_VERSION} >= {_SILENT_SINCE}, false) AS is_silent,
            COALESCE(starts_with(m[1], 'gen-'), false) AS is_gateway,
            instant_of(timestamp) AS told_us
        FROM (
            SELECT type AS sort, uuid AS own_id, "requestId" AS request, "sessionId" AS session, version, cwd, timestamp,
                "costUSD" AS reckoned, "isApiErrorMessage" AS is_fault, row_number() OVER () AS place, raw_file,
                fields_of(object_of(message), [{_PATHS}]) AS m
            FROM raw
        )
    )
)"""

_SELLER = "CASE WHEN is_gateway THEN 'openrouter' ELSE COALESCE(seller_of(model_name), 'unknown') END"
_READS = (
    *("type", "uuid", "requestId", "sessionId", "version", "cwd", "timestamp", "costUSD", "isApiErrorMessage"),
    "message",
)


def _shape(*marks: str) -> RecordShape:
    return RecordShape(
        marks=frozenset(marks),
        reads=_READS,
        relation=_ROWS,
        values=MappingProxyType(
            {
                "id": "call_id",
                "response_id": "m[1]",
                "started_us": "begun_us",
                "ended_us": "over_us",
                "span_us": "0",
                "requests": "1",
                "provider": _SELLER,
                "model": "model_name",
                "served": "model_name",
                # The folder's own name: where it stands may name its owner.
                "project": r"regexp_extract(cwd, '([^/\\]+)[/\\]*$', 1)",
                "status": "CASE WHEN ends = 'max_tokens' THEN 'length' ELSE 'ok' END",
                "input_tokens": "CASE WHEN NOT is_bare THEN input END",
                "cache_hit_tokens": "CASE WHEN NOT is_bare AND NOT is_silent THEN hit END",
                "output_tokens": "CASE WHEN NOT is_bare THEN output END",
                "thinking_tokens": "CASE WHEN NOT is_bare AND NOT is_odd THEN thinking END",
                "reported_usd": "CASE WHEN is_gateway THEN usd_of(m[8]) END",
                "tool_usd": "COALESCE(usd_of(reckoned), CASE WHEN NOT is_gateway THEN usd_of(m[8]) END)",
                "currency": "CASE WHEN is_gateway THEN 'USD' END",
                "conversation": "session",
            }
        ),
        # A question, what a hook did, a summary: no call. Of an answer all lines but one.
        skipped="is_early OR NOT is_call AND NOT (sort = 'assistant' AND flag_of(is_fault) IS TRUE)",
        left_out=MappingProxyType({"error_body": "is_synthetic"}),
        noted=MappingProxyType(
            {
                "counts_contradict": "is_odd",
                "cached_beside_input": "hit > 0",
                "cache_not_logged": "is_silent AND NOT is_bare",
                "no_usage": "is_bare",
                "unknown_provider": f"{_SELLER} = 'unknown'",
            }
        ),
    )


CLAUDE_CODE = Importer(
    name="claude-code",
    shapes=(
        _shape("uuid", "sessionId", "message"),
        # A session may begin with these, or hold nothing else.
        *(
            _shape(*marks)
            for marks in (
                ("type", "summary", "leafUuid"),
                ("type", "messageId", "snapshot"),
                ("type", "operation", "sessionId"),
                ("type", "uuid", "sessionId", "parentUuid"),
            )
        ),
    ),
)
