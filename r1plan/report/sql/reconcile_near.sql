-- The requests of a provider nearest to each of $edges, at which a price or a day changes.
WITH edge AS (
    SELECT unnest(CAST($edges AS BIGINT[])) AS edge_us
),
rule AS (
    SELECT price_id, any_value(decides) AS decides FROM price GROUP BY price_id
)
SELECT
    id, edge_us, model, started_us, placed_us,
    CASE
        WHEN decides = 'start' THEN started_us
        WHEN decides = 'first_token' THEN COALESCE(first_token_us, placed_us)
        ELSE placed_us
    END AS decided_us,
    COALESCE(input_tokens, 0) AS input_tokens,
    CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END AS cache_hit_tokens,
    COALESCE(output_tokens, 0) AS output_tokens,
    known_usd AS usd
FROM priced
JOIN edge ON placed_us >= edge_us - $within_us AND placed_us <= edge_us + $within_us
LEFT JOIN rule USING (price_id)
WHERE provider = $provider AND span_us = 0 AND NOT is_uncertain
QUALIFY row_number() OVER (PARTITION BY edge_us ORDER BY abs(placed_us - edge_us), id) <= $most
ORDER BY edge_us, placed_us, id
