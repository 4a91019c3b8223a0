-- What the rows of `entry` say was billed, by provider, currency, model and time: of sums their own, of single requests
-- the quarter of an hour. Rows of our own count where a provider said what it billed.
WITH told AS (
    SELECT
        *,
        span_us = 0 AND requests = 1 AS is_single,
        CASE WHEN is_single THEN COALESCE(ended_us, started_us) // 900000000 * 900000000 ELSE started_us END AS start_us,
        CASE WHEN is_single THEN 900000000 ELSE GREATEST(span_us, 1) END AS long_us,
        CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens END AS cached
    FROM entry
    WHERE usable AND provider <> 'local' AND source <> $but_source
        AND (source <> 'r1plan' OR reported_usd IS NOT NULL)
)
SELECT
    source, provider, currency, model, start_us, start_us + long_us AS until_us, COALESCE(key, project) AS key, is_single,
    CAST(sum(requests) AS HUGEINT) AS requests,
    CAST(sum(input_tokens) AS HUGEINT) AS input_tokens,
    CASE WHEN count(*) FILTER (cached IS NULL AND input_tokens > 0) = 0 THEN CAST(sum(cached) AS HUGEINT) END AS cached,
    CAST(sum(output_tokens) AS HUGEINT) AS output_tokens,
    sum(reported_usd) AS usd,
    count(reported_usd) AS figures,
    sum(tool_usd) FILTER (source = 'openrouter') AS byok_usd,
    list_sort(list(DISTINCT served) FILTER (served <> model)) AS served
FROM told
GROUP BY ALL
ORDER BY ALL
