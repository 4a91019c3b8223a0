-- What a reader must know beside the sums.
SELECT
    min(placed_us) AS first_us,
    max(placed_us) AS last_us,
    count(*) FILTER (NOT is_uncertain AND (input_tokens IS NULL OR output_tokens IS NULL)) AS unknown_tokens,
    count(*) FILTER (cache_hit_tokens > input_tokens OR thinking_tokens > output_tokens) AS impossible_usage
FROM priced
