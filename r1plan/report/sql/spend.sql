-- Sums over the priced requests, one row a group; the totals are the one group of no keys.
-- query.py fills in KEYS and SOURCE.
SELECT
    KEYS
    count(*) AS requests,
    COALESCE(sum(input_tokens), 0) AS input_tokens,
    COALESCE(sum(cache_hit_tokens), 0) AS cache_hit_tokens,
    COALESCE(sum(output_tokens), 0) AS output_tokens,
    COALESCE(sum(thinking_tokens), 0) AS thinking_tokens,
    COALESCE(sum(input_miss_usd), 0) AS input_miss_usd,
    COALESCE(sum(cache_hit_usd), 0) AS cache_hit_usd,
    COALESCE(sum(thinking_usd), 0) AS thinking_usd,
    COALESCE(sum(answer_usd), 0) AS answer_usd,
    COALESCE(sum(thinking_unknown_usd), 0) AS thinking_unknown_usd,
    COALESCE(sum(energy_usd), 0) AS energy_usd,
    COALESCE(sum(energy_wh), 0) AS energy_wh,
    COALESCE(sum(cache_saving_usd), 0) AS cache_saving_usd,
    COALESCE(sum(uncertain_low_usd), 0) AS uncertain_low_usd,
    COALESCE(sum(uncertain_high_usd), 0) AS uncertain_high_usd,
    count(*) FILTER (is_uncertain) AS uncertain_requests,
    count(*) FILTER (is_unbounded) AS unbounded_requests,
    count(*) FILTER (is_uncosted) AS uncosted_requests,
    count(*) FILTER (is_unpriced) AS unpriced_requests
FROM SOURCE
