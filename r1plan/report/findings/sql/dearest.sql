-- The dearest single requests, which cost $least_usd at least: of most plain ones it is told by their tokens that they
-- cost less: who has a quarter of it in one kind needs more than half in the other. Only what cannot fail is asked
-- before prices are looked up.
WITH dear AS (
    SELECT * FROM priced
    WHERE is_plain AND (
        input_tokens >= 3 * $input_step
        OR input_tokens >= 2 * $input_step AND output_tokens >= $output_step
        OR input_tokens >= $input_step AND output_tokens >= 2 * $output_step
        OR output_tokens >= 3 * $output_step
        OR cost_usd >= $least_usd
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
