-- The requests by who logged them, who counted their tokens, how their cost is known, and by which price.
SELECT
    COALESCE(source, 'r1plan') AS source,
    CASE WHEN input_tokens IS NULL THEN 'unknown' WHEN provenance IS NULL THEN 'reported'
        ELSE COALESCE(provenance ->> '$.input_tokens', 'unsaid') END AS input_tokens,
    CASE WHEN cache_hit_tokens IS NULL THEN 'unknown' WHEN provenance IS NULL THEN 'reported'
        ELSE COALESCE(provenance ->> '$.cache_hit_tokens', 'unsaid') END AS cache_hit_tokens,
    CASE WHEN output_tokens IS NULL THEN 'unknown' WHEN provenance IS NULL THEN 'reported'
        ELSE COALESCE(provenance ->> '$.output_tokens', 'unsaid') END AS output_tokens,
    CASE WHEN thinking_tokens IS NULL THEN 'unknown' WHEN provenance IS NULL THEN 'reported'
        ELSE COALESCE(provenance ->> '$.thinking_tokens', 'unsaid') END AS thinking_tokens,
    CASE
        WHEN is_uncertain THEN 'uncertain'
        WHEN is_billed THEN 'priced'
        WHEN is_charged THEN 'billed'
        WHEN is_here THEN 'electricity'
        WHEN is_unpriced THEN 'unpriced'
        ELSE 'free'
    END AS basis,
    CASE WHEN is_billed THEN provider END AS provider,
    CASE WHEN is_billed THEN model END AS model,
    CASE WHEN is_billed THEN price_id END AS price_id,
    CASE WHEN is_billed THEN tier END AS tier,
    sum(COALESCE(requests, 1)) AS requests,
    COALESCE(sum(known_usd), 0) AS cost_usd
FROM priced
GROUP BY ALL
ORDER BY ALL
