-- The dearest single requests.
SELECT
    id, provider, model, project, placed_us,
    input_tokens, cache_hit_tokens, output_tokens, thinking_tokens,
    known_usd AS cost_usd
FROM priced
WHERE known_usd > 0 AND requests = 1 AND span_us = 0
ORDER BY known_usd DESC, placed_us, provider, id
LIMIT 10
