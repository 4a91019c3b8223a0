-- The requests, read once, as sums over those that no finding below tells apart. A `quarter` of an hour is a part of
-- every time zone's hours. What a row counts of its thinking is in `thinking_tokens` and `answer_tokens` where it can
-- be true.
CREATE OR REPLACE TABLE finding_cell AS
SELECT
    placed_us // 900000000 AS quarter,
    source, provider, model, served, price_id, tier, status, end_reason,
    is_billed, is_uncertain, is_here,
    -- Products of tokens might not fit into 64 bits.
    COALESCE(status = 'length' AND output_tokens > 0 AND thinking_tokens >= output_tokens - output_tokens // 20, false)
        AS is_eaten,
    COALESCE(thinking_tokens <= output_tokens AND output_tokens > 0, false) AS is_split,
    span_us = 0 AND requests IS NOT DISTINCT FROM 1 AS is_single,
    min(placed_us) AS first_us,
    max(placed_us) AS last_us,
    COALESCE(sum(COALESCE(requests, 1)), 0) AS requests,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (is_unbounded), 0) AS unbounded,
    COALESCE(sum(known_usd), 0) AS known_usd,
    COALESCE(sum(uncertain_low_usd), 0) AS uncertain_low_usd,
    COALESCE(sum(uncertain_high_usd), 0) AS uncertain_high_usd,
    COALESCE(sum(input_tokens), 0) AS input_tokens,
    COALESCE(sum(cache_hit_tokens) FILTER (cache_hit_tokens <= input_tokens), 0) AS hit_tokens,
    COALESCE(sum(output_tokens), 0) AS output_tokens,
    max(output_tokens) AS longest_tokens,
    COALESCE(sum(thinking_tokens) FILTER (is_split), 0) AS thinking_tokens,
    COALESCE(sum(output_tokens - thinking_tokens) FILTER (is_split), 0) AS answer_tokens,
    COALESCE(sum(thinking_usd) FILTER (is_split), 0) AS thinking_usd,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (tool_usd IS NOT NULL AND known_usd IS NOT NULL), 0) AS told_requests,
    COALESCE(sum(tool_usd) FILTER (known_usd IS NOT NULL), 0) AS tool_usd,
    COALESCE(sum(known_usd) FILTER (tool_usd IS NOT NULL), 0) AS told_usd
FROM priced
GROUP BY ALL
