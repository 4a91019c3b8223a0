"""Fireworks' exports: what it metered, a line a request, and what that cost, a line a day.

The shapes: docs.fireworks.ai, "Exporting Billing Metrics" (tokens and seconds of GPUs, no dollars), "Exporting Usage
Costs" and `usageCosts:query` (dollars by a day or hour and one or two of model, tier, key and user), `billingUsage`
(sums of tokens). Each tells the same usage anew: `_SETTLED` counts it once. Times are UTC.
"""

from __future__ import annotations

from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000

# Go prints "2025-10-20 17:16:48 +0000 UTC".
_AT = "instant_of(regexp_replace({place}, ' [+]0000 UTC$', ' UTC'))"
_MODEL = """CASE
    WHEN COALESCE({name}, '') IN ('', 'unknown_model', 'unattributed') THEN 'unknown'
    WHEN contains({name}, '/') THEN {name}
    ELSE 'accounts/fireworks/models/' || {name}
END"""
_NANOS = "CAST(TRY_CAST({place} AS BIGINT) AS DECIMAL(18, 0)) * CAST('0.000000001' AS DECIMAL(9, 9))"
_NOT_CHAT = "NOT regexp_matches(upper({place}), 'TEXT_COMPLETION|CHAT')"

# Two requests of one second may be alike: of equal lines each counts, and overlapping exports hold as many of them.
_EVENTS = f"""(
    SELECT *,
        {_AT.format(place="start_time")} AS begun_us, {_AT.format(place="end_time")} AS over_us,
        tokens_of(plain_number(prompt_tokens)) AS input, tokens_of(plain_number(completion_tokens)) AS output,
        tokens_of(plain_number(cached_prompt_tokens)) AS hit,
        tokens_of(plain_number(uncached_prompt_tokens)) AS miss,
        contradicts(input, hit, miss, output, NULL, NULL) AS is_odd,
        usd_of(plain_number(accelerator_seconds)) > 0 AS is_gpu,
        COALESCE(NULLIF(base_model_name, ''), model_name) AS named,
        -- No answer takes an hour: it is a sum.
        COALESCE(over_us - begun_us >= {_HOUR_US}, false) AS is_sum,
        row_number() OVER (PARTITION BY raw_file, line) AS copy_number
    FROM (
        SELECT *, md5(concat_ws('|', email, start_time, end_time, usage_type, accelerator_seconds, base_model_name,
            model_name, model_bucket, prompt_tokens, completion_tokens)) AS line
        FROM raw
    )
)"""

_METRICS = RecordShape(
    marks=frozenset({"usage_type", "start_time", "end_time", "prompt_tokens", "completion_tokens"}),
    reads=(
        *("email", "start_time", "end_time", "usage_type", "accelerator_seconds", "base_model_name", "model_name"),
        *("model_bucket", "prompt_tokens", "completion_tokens", "cached_prompt_tokens", "uncached_prompt_tokens"),
    ),
    relation=_EVENTS,
    values=MappingProxyType(
        {
            "id": "concat_ws('/', 'event', line, copy_number)",
            "started_us": "begun_us",
            "ended_us": "CASE WHEN NOT is_sum THEN over_us END",
            "span_us": "CASE WHEN is_sum THEN over_us - begun_us ELSE 0 END",
            "requests": "CASE WHEN NOT is_sum THEN 1 END",
            "provider": "'fireworks'",
            "model": _MODEL.format(name="named"),
            "served": "named",
            "status": "'ok'",
            "input_tokens": "input",
            "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
            "output_tokens": "output",
        }
    ),
    left_out=MappingProxyType(
        {
            "gpu_time": "is_gpu",
            "not_chat": f"is_gpu IS NOT TRUE AND {_NOT_CHAT.format(place='usage_type')}",
            "unreadable_line": "begun_us IS NULL AND is_gpu IS NOT TRUE",
        }
    ),
    noted=MappingProxyType(
        {"counts_contradict": "is_odd", "batch": "contains(upper(usage_type), 'BATCH')", "sums_of_requests": "is_sum"}
    ),
)

_SUMS = f"""(
    SELECT *,
        {_AT.format(place="s[1]")} AS begun_us, {_AT.format(place="s[2]")} AS over_us,
        tokens_of(s[3]) AS input, tokens_of(s[4]) AS output, tokens_of(s[5]) AS hit, tokens_of(s[6]) AS miss,
        contradicts(input, hit, miss, output, NULL, NULL) AS is_odd,
        COALESCE(NULLIF(s[8], ''), s[9]) AS named,
        COALESCE(s[10], s[11], s[12]) AS key_name,
        md5(concat_ws('|', s[1], s[2], s[7], named, COALESCE(s[11], s[12]), sum_kind)) AS line
    FROM (
        SELECT sum_kind, fields_of(sum_text, ['$.startTime', '$.endTime', '$.promptTokens', '$.completionTokens',
            '$.cachedPromptTokens', '$.uncachedPromptTokens', '$.usageType', '$.modelName', '$.group.model_name',
            '$.group.api_key_name', '$.group.api_key_id', '$.apiKeyId', '$.costNanoUsd']) AS s
        FROM (
            SELECT 'serverless' AS sum_kind, unnest(json_extract("serverlessCosts", '$[*]')) AS sum_text
            FROM raw WHERE json_valid("serverlessCosts")
            UNION ALL
            SELECT 'dedicated', unnest(json_extract("dedicatedCosts", '$[*]')) FROM raw WHERE json_valid("dedicatedCosts")
            UNION ALL
            SELECT 'training', unnest(json_extract("trainingCosts", '$[*]')) FROM raw WHERE json_valid("trainingCosts")
        )
    )
)"""

_USAGE = RecordShape(
    marks=frozenset({"serverlessCosts"}),
    reads=("serverlessCosts", "dedicatedCosts", "trainingCosts"),
    relation=_SUMS,
    values=MappingProxyType(
        {
            "id": "concat_ws('/', 'usage', line)",
            "started_us": "begun_us",
            "span_us": f"CASE WHEN over_us > begun_us THEN over_us - begun_us ELSE {_DAY_US} END",
            "provider": "'fireworks'",
            "model": _MODEL.format(name="named"),
            "served": "named",
            "key": "key_name",
            "status": "'ok'",
            "input_tokens": "input",
            "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
            "output_tokens": "output",
            # 0 stands there where it is not worked out.
            "reported_usd": f"CASE WHEN tokens_of(s[13]) > 0 THEN {_NANOS.format(place='s[13]')} END",
            "currency": "CASE WHEN tokens_of(s[13]) > 0 THEN 'USD' END",
        }
    ),
    left_out=MappingProxyType(
        {
            "gpu_time": "sum_kind = 'dedicated'",
            "not_chat": f"sum_kind = 'training' OR sum_kind = 'serverless' AND {_NOT_CHAT.format(place='s[7]')}",
            "unreadable_line": "begun_us IS NULL AND sum_kind = 'serverless'",
        }
    ),
    noted=MappingProxyType({"counts_contradict": "is_odd"}),
)


def _cost(marks: frozenset[str], reads: tuple[str, ...], lines: str) -> RecordShape:
    """`lines`: account, at_us, long_us, split (what it is split by), model_name, key_name, split_value, money, code."""
    return RecordShape(
        marks=marks,
        reads=reads,
        relation=f"(SELECT *, {_MODEL.format(name='model_name')} AS model_id FROM {lines})",
        values=MappingProxyType(
            {
                "id": "concat_ws('/', 'cost', split, md5(COALESCE(account, '')), at_us, long_us, md5(split_value))",
                "started_us": "at_us",
                "span_us": "long_us",
                "provider": "'fireworks'",
                "model": "model_id",
                "key": "NULLIF(key_name, 'unattributed')",
                "status": "'ok'",
                "reported_usd": "money",
                "currency": "code",
            }
        ),
        left_out=MappingProxyType({"unreadable_line": "at_us IS NULL OR money IS NULL"}),
    )


_COST_LINES = f"""(
    SELECT account_id AS account, instant_of(date) AS at_us, {_DAY_US} AS long_us, sort AS split,
        CASE WHEN sort IN ('model', 'model_tier') THEN group_by_value END AS model_name,
        CASE WHEN sort = 'api_key' THEN group_by_value END AS key_name,
        group_by_value AS split_value, usd_of(plain_number(subtotal_usd)) AS money, upper(currency) AS code
    FROM (SELECT *, lower(group_by_dimension) AS sort FROM raw)
)"""
_QUERY_LINES = f"""(
    SELECT NULL AS account, at_us,
        -- Hours and days begin alike at midnight: the file's other lines say which they are.
        CASE WHEN bool_or(at_us % {_DAY_US} <> 0) OVER (PARTITION BY raw_file) THEN {_HOUR_US} ELSE {_DAY_US} END AS long_us,
        concat_ws('+', CASE WHEN d[2] IS NOT NULL THEN 'model' END, CASE WHEN d[3] IS NOT NULL THEN 'api_key' END,
            CASE WHEN d[4] IS NOT NULL THEN 'user' END) AS split,
        d[2] AS model_name, d[3] AS key_name, concat_ws('|', d[2], d[3], d[4]) AS split_value,
        CASE WHEN m[1] IS NOT NULL OR m[2] IS NOT NULL THEN
            COALESCE(usd_of(m[1]), 0) + COALESCE({_NANOS.format(place="m[2]")}, 0)
        END AS money,
        upper(m[3]) AS code
    FROM (
        SELECT *, instant_of(d[1]) AS at_us
        FROM (
            SELECT fields_of(dimensions, ['$.startTime', '$.model', '$.apiKey', '$.user']) AS d,
                fields_of(subtotal, ['$.units', '$.nanos', '$.currencyCode']) AS m, raw_file
            FROM raw
        )
    )
)"""

# The same usage, told again: of the money of a day that split which says most, the model first; the tokens of a line a
# request before sums of them; and where a day's model has tokens and money, they are one row, or it would be paid twice.
# Of such a day all is sums then: a report takes a sum beside single requests for those requests again.
_SETTLED = f"""
WITH told AS (
    SELECT *, split_part(id, '/', 1) AS kind, split_part(id, '/', 2) AS split, split_part(id, '/', 3) AS account,
        started_us // {_DAY_US} AS day
    FROM loaded
),
metered AS (
    SELECT * FROM told WHERE kind = 'event'
    UNION ALL
    SELECT * FROM told
    WHERE kind = 'usage' AND (day, model) NOT IN (SELECT (day, model) FROM told WHERE kind = 'event')
),
cost AS (
    SELECT * FROM told WHERE kind = 'cost'
    QUALIFY dense_rank() OVER (
        PARTITION BY account, day
        ORDER BY COALESCE(list_position(['model+api_key', 'model+user', 'model', 'model_tier', 'api_key', 'user'], split), 9),
            span_us
    ) = 1
),
bill AS (
    SELECT day, model, sum(reported_usd) AS money, max(currency) AS currency
    FROM cost WHERE split LIKE 'model%' AND split <> 'model_tier' AND model <> 'unknown'
    GROUP BY day, model
    HAVING count(DISTINCT COALESCE(currency, '')) = 1
),
joined_day AS (
    SELECT DISTINCT day FROM metered JOIN bill USING (day, model)
),
joined AS (
    SELECT
        concat_ws('/', 'day', day, md5(model)) AS id, day * {_DAY_US} AS started_us, {_DAY_US} AS span_us,
        CASE WHEN count(requests) = count(*) THEN sum(requests) END AS requests,
        'fireworks' AS provider, model, max(served) AS served, 'ok' AS status,
        CASE WHEN count(input_tokens) = count(*) THEN sum(input_tokens) END AS input_tokens,
        CASE WHEN count(cache_hit_tokens) = count(*) THEN sum(cache_hit_tokens) END AS cache_hit_tokens,
        CASE WHEN count(output_tokens) = count(*) THEN sum(output_tokens) END AS output_tokens,
        max(money) AS reported_usd, max(bill.currency) AS currency
    FROM metered LEFT JOIN bill USING (day, model)
    WHERE day IN (FROM joined_day)
    GROUP BY day, model
),
counted AS (
    SELECT * EXCLUDE (kind, split, account, day) FROM metered
    WHERE day NOT IN (FROM joined_day)
    UNION ALL BY NAME
    SELECT * FROM joined
    UNION ALL BY NAME
    SELECT * EXCLUDE (kind, split, account, day) FROM cost
    WHERE CASE WHEN (day, model) IN (SELECT (day, model) FROM bill)
        THEN (day, model) NOT IN (SELECT (day, model) FROM metered)
        ELSE day NOT IN (SELECT day FROM metered)
    END
)
SELECT loaded.* FROM loaded WHERE false
UNION ALL BY NAME
SELECT * FROM counted"""

FIREWORKS = Importer(
    name="fireworks",
    shapes=(
        _METRICS,
        _USAGE,
        _cost(
            frozenset({"date", "group_by_dimension", "group_by_value", "subtotal_usd"}),
            ("account_id", "date", "group_by_dimension", "group_by_value", "subtotal_usd", "currency"),
            _COST_LINES,
        ),
        _cost(frozenset({"dimensions", "subtotal"}), ("dimensions", "subtotal"), _QUERY_LINES),
    ),
    settled=_SETTLED,
)
