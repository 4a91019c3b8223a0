-- The dearest single requests, which cost $least_usd at least: of most plain ones it is told by their tokens that they
-- cost less.
WITH dear AS (
    SELECT * FROM priced
    WHERE is_plain AND (
        COALESCE(input_tokens, 0) * $input_usd + COALESCE(output_tokens, 0) * $output_usd >= $least_usd
        OR CAST(cost_usd AS DOUBLE) >= $least_usd
    )
    UNION ALL
    SELECT * FROM other_priced
)
SELECT
    id, provider, model, project, placed_us,
    input_tokens, cache_hit_tokens, output_tokens, thinking_tokens,
    known_usd AS cost_usd
FROM dear
WHERE known_usd > 0 AND requests = 1 AND span_us = 0
ORDER BY known_usd DESC, placed_us, provider, id
LIMIT 10
