-- The requests, read once, as sums over those that neither the report's groups nor its findings tell apart: their
-- model and price, what is known of them, and the `quarter` of an hour, which is a part of every time zone's hours. Of a
-- sum of money `unknown_…` counts the rows that have no amount where they should have one. A row may be many requests;
-- of one that does not say how many, one is uncertain, unpriced and so on. cube.py fills in what stands between /* and */.
CREATE TABLE cube AS
SELECT
    /*KEYS*/
    placed_us // 900000000 AS quarter,
    source, provider, model, served, price_id, tier, status, end_reason,
    is_billed, is_unpriced, is_uncertain, is_here,
    -- Products of tokens might not fit into 64 bits.
    COALESCE(status = 'length' AND output_tokens > 0 AND thinking_tokens >= output_tokens - output_tokens // 20, false)
        AS is_eaten,
    COALESCE(thinking_tokens <= output_tokens AND output_tokens > 0, false) AS is_split,
    span_us <= 3600000000 AS is_hourly,
    count(*) AS row_count,
    sum(requests) AS requests,
    sum(counted) AS counted,
    sum(input_tokens) AS input_tokens,
    sum(cache_hit_tokens) AS cache_hit_tokens,
    sum(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens END) AS hit_tokens,
    sum(output_tokens) AS output_tokens,
    max(output_tokens) AS longest_tokens,
    sum(thinking_tokens) AS thinking_tokens,
    sum(CASE WHEN thinking_tokens IS NULL OR thinking_tokens > output_tokens THEN output_tokens END) AS unsplit_output_tokens,
    /*MONEY*/,
    sum(reported_usd) AS reported_usd,
    sum(CASE WHEN tool_usd IS NOT NULL AND known_usd IS NOT NULL THEN counted END) AS told_requests,
    sum(CASE WHEN known_usd IS NOT NULL THEN tool_usd END) AS tool_usd,
    sum(CASE WHEN tool_usd IS NOT NULL THEN known_usd END) AS told_usd,
    sum(CASE WHEN is_uncertain THEN counted END) AS uncertain_requests,
    sum(CASE WHEN is_unbounded THEN counted END) AS unbounded_requests,
    sum(CASE WHEN is_estimated THEN counted END) AS estimated_requests,
    sum(CASE WHEN is_loose THEN counted END) AS estimated_unbounded_requests,
    sum(CASE WHEN is_uncosted THEN counted END) AS uncosted_requests,
    sum(CASE WHEN is_unpriced THEN counted END) AS unpriced_requests,
    -- What a reader must know beside the sums.
    min(placed_us) AS first_us,
    max(placed_us) AS last_us,
    sum(CASE WHEN NOT is_uncertain AND NOT is_charged AND (input_tokens IS NULL OR output_tokens IS NULL) THEN counted END) AS unknown_tokens,
    sum(CASE WHEN /*PARTS*/ THEN counted END) AS impossible_usage,
    count(CASE WHEN requests IS NULL THEN 1 END) AS unknown_requests,
    sum(CASE WHEN has_several_prices THEN counted END) AS several_prices,
    -- Where a provider bills something else than our prices come to, by more than rounding explains.
    sum(CASE WHEN differs THEN requests END) AS differing_requests,
    sum(CASE WHEN differs THEN reported_usd END) AS differing_reported_usd,
    sum(CASE WHEN differs THEN known_usd END) AS differing_known_usd
FROM (
    SELECT
        *,
        CASE WHEN requests IS NULL THEN 1 ELSE requests END AS counted,
        CASE WHEN is_billed AND reported_usd IS NOT NULL THEN
            abs(reported_usd - known_usd) > CAST('0.000001' AS DECIMAL(38, 15))
            AND abs(reported_usd - known_usd) > CAST(GREATEST(reported_usd, known_usd) AS DOUBLE) / 100
        END AS differs
    FROM other_priced AS priced/*DAYS*/
)
GROUP BY ALL
UNION ALL BY NAME
SELECT /*KEYS*/ priced.* EXCLUDE (/*RAW*/span_us, placed_us)
FROM plain_priced AS priced/*DAYS*/
