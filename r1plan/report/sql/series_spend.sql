SELECT
    CAST(date_trunc($unit, day) AS DATE) AS span,
    LEAST(seller, $most) AS seller,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(input_tokens) AS HUGEINT) AS input_tokens,
    CAST(sum(cache_hit_tokens) AS HUGEINT) AS cache_hit_tokens,
    CAST(sum(output_tokens) AS HUGEINT) AS output_tokens,
    CAST(sum(thinking_tokens) AS HUGEINT) AS thinking_tokens,
    sum(cost_usd) AS cost_usd,
    sum(input_miss_usd) AS input_miss_usd,
    sum(cache_hit_usd) AS cache_hit_usd,
    sum(thinking_usd) AS thinking_usd,
    sum(answer_usd) AS answer_usd,
    sum(thinking_unknown_usd) AS thinking_unknown_usd,
    sum(charged_usd) AS charged_usd,
    sum(energy_usd) AS energy_usd,
    sum(cache_saving_usd) AS cache_saving_usd,
    CAST(sum(unknown_cost) AS BIGINT) AS unknown_cost,
    CAST(sum(unknown_split) AS BIGINT) AS unknown_split,
    CAST(sum(uncertain_requests) AS BIGINT) AS uncertain_requests,
    CAST(sum(estimated_requests) AS BIGINT) AS estimated_requests,
    CAST(sum(unpriced_requests) AS BIGINT) AS unpriced_requests,
    CAST(sum(unbounded_requests) AS BIGINT) AS unbounded_requests,
    CAST(sum(unknown_saving) AS BIGINT) AS unknown_saving,
    sum(uncertain_low_usd) AS uncertain_low_usd,
    sum(uncertain_high_usd) AS uncertain_high_usd
FROM series_hour JOIN series_seller USING (provider, model)
GROUP BY ALL
ORDER BY span, seller
