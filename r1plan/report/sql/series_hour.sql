-- The requests by hour of the report's time zone and by seller: all that follows is summed from these few rows. What
-- covers more than an hour has a day and no hour.
CREATE TABLE series_hour AS
SELECT
    slot.day,
    CASE WHEN is_hourly THEN slot.hour END AS hour,
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
    COALESCE(sum(unknown_known_usd), 0) AS unknown_cost,
    COALESCE(sum(unknown_input_miss_usd), 0) AS unknown_split,
    COALESCE(sum(uncertain_requests), 0) AS uncertain_requests,
    COALESCE(sum(estimated_requests), 0) AS estimated_requests,
    COALESCE(sum(unpriced_requests), 0) AS unpriced_requests,
    COALESCE(sum(unbounded_requests), 0) AS unbounded_requests,
    COALESCE(sum(unknown_cache_saving_usd), 0) - COALESCE(sum(unknown_known_usd), 0) AS unknown_saving,
    COALESCE(sum(uncertain_low_usd), 0) AS uncertain_low_usd,
    COALESCE(sum(uncertain_high_usd), 0) AS uncertain_high_usd
FROM cube ASOF JOIN slot ON cube.first_us >= slot.start_us
GROUP BY ALL
