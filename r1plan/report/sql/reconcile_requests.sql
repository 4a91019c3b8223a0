-- The requests of a provider by quarter of an hour and model, and what they cost.
WITH request AS (
    SELECT
        *,
        placed_us // 900000000 * 900000000 AS slot_us,
        COALESCE(requests, 1) AS number,
        COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0) > 0 AS has_tokens,
        NOT is_uncertain AND NOT is_charged AND (input_tokens IS NULL OR output_tokens IS NULL) AS is_uncounted
    FROM priced
    WHERE provider = $provider
)
SELECT
    slot_us,
    model,
    CAST(COALESCE(sum(number) FILTER (NOT is_uncertain AND (has_tokens OR is_uncounted)), 0) AS HUGEINT) AS requests,
    CAST(COALESCE(sum(number) FILTER (NOT is_uncertain AND NOT has_tokens AND NOT is_uncounted), 0) AS HUGEINT) AS empty,
    bool_or(requests IS NULL) AS has_unknown_number,
    COALESCE(sum(known_usd), 0) AS usd,
    COALESCE(sum(known_usd) FILTER (is_charged), 0) AS charged_usd,
    CAST(COALESCE(sum(number) FILTER (is_uncertain), 0) AS HUGEINT) AS broken,
    COALESCE(sum(uncertain_low_usd), 0) AS broken_low_usd,
    CASE
        WHEN count(*) FILTER (is_uncertain AND uncertain_high_usd IS NULL) = 0 THEN COALESCE(sum(uncertain_high_usd), 0)
    END AS broken_high_usd,
    CAST(COALESCE(sum(number) FILTER (is_estimated OR is_uncounted), 0) AS HUGEINT) AS guessed,
    COALESCE(sum(estimated_low_usd - known_usd) FILTER (is_estimated), 0) AS guessed_low_usd,
    CASE
        WHEN count(*) FILTER (is_uncounted OR is_loose) = 0
            THEN COALESCE(sum(estimated_high_usd - known_usd) FILTER (is_estimated), 0)
    END AS guessed_high_usd
FROM request
GROUP BY slot_us, model
ORDER BY slot_us, model
