-- The requests by hour of the report's time zone and by seller: all that follows is summed from these few rows. What
-- covers more than an hour has a day and no hour.
CREATE TABLE series_hour AS
SELECT
    slot.day,
    CASE WHEN span_us <= 3600000000 THEN slot.hour END AS hour,
    provider,
    model,
    COALESCE(sum(requests), 0) AS requests,
    COALESCE(sum(input_tokens), 0) AS input_tokens,
    COALESCE(sum(cache_hit_tokens), 0) AS cache_hit_tokens,
    COALESCE(sum(output_tokens), 0) AS output_tokens,
    COALESCE(sum(thinking_tokens), 0) AS thinking_tokens,
    COALESCE(sum(known_usd), 0) AS cost_usd,
    COALESCE(sum(input_miss_usd), 0) AS input_miss_usd,
    COALESCE(sum(cache_hit_usd), 0) AS cache_hit_usd,
    COALESCE(sum(thinking_usd), 0) AS thinking_usd,
    COALESCE(sum(answer_usd), 0) AS answer_usd,
    COALESCE(sum(thinking_unknown_usd), 0) AS thinking_unknown_usd,
    COALESCE(sum(charged_usd), 0) AS charged_usd,
    COALESCE(sum(energy_usd), 0) AS energy_usd,
    COALESCE(sum(cache_saving_usd), 0) AS cache_saving_usd,
    count(*) FILTER (NOT is_uncertain AND known_usd IS NULL) AS unknown_cost,
    count(*) FILTER (NOT is_uncertain AND input_miss_usd IS NULL) AS unknown_split,
    COALESCE(sum(requests) FILTER (is_uncertain), 0) AS uncertain_requests,
    COALESCE(sum(requests) FILTER (is_estimated), 0) AS estimated_requests,
    COALESCE(sum(requests) FILTER (is_unpriced), 0) AS unpriced_requests,
    COALESCE(sum(requests) FILTER (is_unbounded), 0) AS unbounded_requests,
    count(*) FILTER (known_usd IS NOT NULL AND cache_saving_usd IS NULL) AS unknown_saving,
    COALESCE(sum(uncertain_low_usd), 0) AS uncertain_low_usd,
    COALESCE(sum(uncertain_high_usd), 0) AS uncertain_high_usd
FROM priced ASOF JOIN slot ON priced.placed_us >= slot.start_us
GROUP BY ALL
