-- Sums over the priced requests, one row a group; the totals are the one group of no keys. A part of the cost that is
-- NULL is not known; uncertain requests are told apart and in neither.
-- A row may be many requests, of which only sums are known; one that does not say how many is one that is uncertain,
-- unpriced and so on.
-- query.py fills in KEYS and SOURCE.
SELECT
    KEYS
    count(*) AS row_count,
    COALESCE(sum(requests), 0) AS requests,
    COALESCE(sum(input_tokens), 0) AS input_tokens,
    COALESCE(sum(cache_hit_tokens), 0) AS cache_hit_tokens,
    COALESCE(sum(output_tokens), 0) AS output_tokens,
    COALESCE(sum(thinking_tokens), 0) AS thinking_tokens,
    known_sum(sum(known_usd), count(*) FILTER (NOT is_uncertain AND known_usd IS NULL)) AS cost_usd,
    known_sum(sum(input_miss_usd), count(*) FILTER (NOT is_uncertain AND input_miss_usd IS NULL)) AS input_miss_usd,
    known_sum(sum(cache_hit_usd), count(*) FILTER (NOT is_uncertain AND cache_hit_usd IS NULL)) AS cache_hit_usd,
    known_sum(sum(thinking_usd), count(*) FILTER (NOT is_uncertain AND thinking_usd IS NULL)) AS thinking_usd,
    known_sum(sum(answer_usd), count(*) FILTER (NOT is_uncertain AND answer_usd IS NULL)) AS answer_usd,
    known_sum(sum(thinking_unknown_usd), count(*) FILTER (NOT is_uncertain AND thinking_unknown_usd IS NULL))
        AS thinking_unknown_usd,
    known_sum(sum(cache_saving_usd), count(*) FILTER (NOT is_uncertain AND cache_saving_usd IS NULL)) AS cache_saving_usd,
    known_sum(sum(charged_usd), count(*) FILTER (NOT is_uncertain AND charged_usd IS NULL)) AS charged_usd,
    known_sum(sum(energy_usd), count(*) FILTER (is_here AND energy_usd IS NULL)) AS energy_usd,
    known_sum(sum(energy_wh), count(*) FILTER (is_here AND energy_wh IS NULL)) AS energy_wh,
    known_sum(sum(uncertain_low_usd), count(*) FILTER (is_uncertain AND uncertain_low_usd IS NULL)) AS uncertain_low_usd,
    known_sum(sum(uncertain_high_usd), count(*) FILTER (is_uncertain AND uncertain_high_usd IS NULL)) AS uncertain_high_usd,
    known_sum(sum(estimated_low_usd), count(*) FILTER (is_estimated AND estimated_low_usd IS NULL)) AS estimated_low_usd,
    known_sum(sum(estimated_high_usd), count(*) FILTER (is_estimated AND estimated_high_usd IS NULL)) AS estimated_high_usd,
    sum(reported_usd) AS reported_usd,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (is_uncertain), 0) AS uncertain_requests,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (is_unbounded), 0) AS unbounded_requests,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (is_estimated), 0) AS estimated_requests,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (is_loose), 0) AS estimated_unbounded_requests,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (is_uncosted), 0) AS uncosted_requests,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (is_unpriced), 0) AS unpriced_requests
FROM SOURCE
