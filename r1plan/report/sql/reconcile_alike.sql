-- Requests of a provider's models between two instants that have just so many tokens; $hit NULL: however many cached.
SELECT id
FROM priced
WHERE provider = $provider AND list_contains(CAST($models AS VARCHAR[]), model)
    AND placed_us >= $start_us AND placed_us < $until_us AND span_us = 0 AND NOT is_uncertain
    AND COALESCE(input_tokens, 0) = $input AND COALESCE(output_tokens, 0) = $output
    AND COALESCE(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END = $hit, true)
ORDER BY id
LIMIT 2
