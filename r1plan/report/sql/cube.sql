-- The requests, read once, as sums by what a report groups by, their model and price, and what is known of them. Of a
-- sum of money `unknown_…` counts the rows that have no amount where they should have one. A row may be many requests;
-- of one that does not say how many, one is uncertain, unpriced and so on. cube.py fills in what stands between /* and */.
CREATE TABLE cube AS
SELECT
    /*KEYS*/
    provider,
    model,
    price_id,
    is_billed,
    is_unpriced,
    count(*) AS row_count,
    sum(requests) AS requests,
    sum(input_tokens) AS input_tokens,
    sum(cache_hit_tokens) AS cache_hit_tokens,
    sum(output_tokens) AS output_tokens,
    sum(thinking_tokens) AS thinking_tokens,
    sum(output_tokens) FILTER (thinking_tokens IS NULL OR thinking_tokens > output_tokens) AS unsplit_output_tokens,
    /*MONEY*/,
    sum(reported_usd) AS reported_usd,
    sum(counted) FILTER (is_uncertain) AS uncertain_requests,
    sum(counted) FILTER (is_unbounded) AS unbounded_requests,
    sum(counted) FILTER (is_estimated) AS estimated_requests,
    sum(counted) FILTER (is_loose) AS estimated_unbounded_requests,
    sum(counted) FILTER (is_uncosted) AS uncosted_requests,
    sum(counted) FILTER (is_unpriced) AS unpriced_requests,
    -- What a reader must know beside the sums.
    min(placed_us) AS first_us,
    max(placed_us) AS last_us,
    sum(counted) FILTER (
        NOT is_uncertain AND NOT is_charged AND (input_tokens IS NULL OR output_tokens IS NULL)
    ) AS unknown_tokens,
    sum(counted) FILTER (/*PARTS*/) AS impossible_usage,
    count(*) FILTER (requests IS NULL) AS unknown_requests,
    sum(counted) FILTER (has_several_prices) AS several_prices,
    -- Where a provider bills something else than our prices come to, by more than rounding explains.
    sum(requests) FILTER (differs) AS differing_requests,
    sum(reported_usd) FILTER (differs) AS differing_reported_usd,
    sum(known_usd) FILTER (differs) AS differing_known_usd,
    -- How often a request cost at most what was forecast of it. One that was broken off says nothing of that; one that
    -- was cut at its limit does, as the forecast knew the limit.
    sum(requests) FILTER (is_forecast) AS forecast_requests,
    sum(requests) FILTER (is_forecast AND known_usd <= forecast_p50_usd) AS within_p50,
    sum(requests) FILTER (is_forecast AND known_usd <= forecast_p90_usd) AS within_p90
FROM (
    SELECT
        *,
        CASE WHEN requests IS NULL THEN 1 ELSE requests END AS counted,
        CASE WHEN is_billed AND reported_usd IS NOT NULL THEN
            abs(reported_usd - known_usd) > CAST('0.000001' AS DECIMAL(38, 15))
            AND abs(reported_usd - known_usd) > CAST(GREATEST(reported_usd, known_usd) AS DOUBLE) / 100
        END AS differs,
        forecast_p50_usd IS NOT NULL AND forecast_p90_usd IS NOT NULL AND known_usd IS NOT NULL
            AND (status = 'ok' OR status = 'length') AS is_forecast
    FROM /*OTHERS*/
)
GROUP BY ALL
UNION ALL BY NAME
-- Most requests: a price and nothing of their own. The cost of many is the price times their tokens.
SELECT
    plain.* EXCLUDE (price_number, priced_hits, thought_tokens, unknown_thought),
    price_id,
    true AS is_billed,
    false AS is_unpriced,
    miss_usd * CAST(input_tokens - priced_hits AS DECIMAL(18, 0)) AS input_miss_usd,
    hit_usd * CAST(priced_hits AS DECIMAL(18, 0)) AS cache_hit_usd,
    output_usd * CAST(thought_tokens AS DECIMAL(18, 0)) AS thinking_usd,
    output_usd * CAST(output_tokens - unsplit_output_tokens - thought_tokens AS DECIMAL(18, 0)) AS answer_usd,
    output_usd * CAST(unsplit_output_tokens AS DECIMAL(18, 0)) AS thinking_unknown_usd,
    (miss_usd - hit_usd) * CAST(priced_hits AS DECIMAL(18, 0)) AS cache_saving_usd,
    miss_usd * CAST(input_tokens - priced_hits AS DECIMAL(18, 0)) + hit_usd * CAST(priced_hits AS DECIMAL(18, 0))
        + output_usd * CAST(output_tokens AS DECIMAL(18, 0)) AS known_usd,
    unknown_thought AS unknown_thinking_usd,
    unknown_thought AS unknown_answer_usd
FROM (
    SELECT
        /*KEYS*/
        provider,
        model,
        price_number,
        count(*) AS row_count,
        count(*) AS requests,
        sum(input_tokens) AS input_tokens,
        sum(cache_hit_tokens) AS cache_hit_tokens,
        sum(output_tokens) AS output_tokens,
        sum(thinking_tokens) AS thinking_tokens,
        sum(energy_wh) AS energy_wh,
        min(placed_us) AS first_us,
        max(placed_us) AS last_us,
        count(*) FILTER (/*PARTS*/) AS impossible_usage,
        -- An unknown or impossible part is billed as the whole it belongs to.
        sum(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END) AS priced_hits,
        sum(CASE WHEN thinking_tokens <= output_tokens THEN thinking_tokens ELSE 0 END) AS thought_tokens,
        sum(CASE WHEN thinking_tokens <= output_tokens THEN 0 ELSE output_tokens END) AS unsplit_output_tokens,
        count(*) FILTER ((thinking_tokens <= output_tokens) IS NOT TRUE AND output_tokens > 0) AS unknown_thought
    FROM /*SOURCE*/
    WHERE /*PLAIN*/
    GROUP BY ALL
) AS plain JOIN price ON plain.price_number = price.price_number
