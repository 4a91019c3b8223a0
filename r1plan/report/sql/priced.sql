-- Each request of the period with its cost, split as prices.cost_of splits it. What is not known is NULL.
WITH costed AS (
    SELECT
        *,
        CASE
            WHEN is_billed THEN rate_miss * (fresh_and_cached - hit) + rate_hit * hit + rate_output * written
            WHEN is_charged THEN reported_usd
            WHEN is_here THEN cost_usd
            WHEN NOT is_uncertain AND NOT is_unpriced THEN 0  -- nothing was used
        END AS known_usd,
        known_usd IS NOT NULL AND NOT is_charged AS is_whole,
        is_charged AND is_itemized AS is_split
    FROM (
/*CLASSIFIED*/
    ) AS classified
)
SELECT
    id, source, response_id, provider, model, served, project, tags, key, status, end_reason, flags, provenance,
    attempt_of, conversation, requests, span_us, started_us, first_token_us, ended_us, placed_us, price_id, tier,
    input_tokens, cache_hit_tokens, output_tokens, thinking_tokens,
    is_plain, is_billed, is_charged, is_unpriced, is_uncertain, is_here, is_estimated,
    is_ranged AND is_uncertain AS has_several_prices, energy_wh, forecast_p50_usd, forecast_p90_usd,
    known_usd, cost_usd, reported_usd, billed_miss_usd, billed_hit_usd, billed_output_usd, tool_usd, currency,
    is_here AND cost_usd IS NULL AS is_uncosted,
    is_uncertain AND CASE WHEN is_ranged THEN spanned_high_usd ELSE cost_high_usd END IS NULL AS is_unbounded,
    -- The parts of known_usd. Those of a bill are known where it says them; what was run here has none but its
    -- electricity. How a bill for output is split is not known where some of it was thinking.
    CASE
        WHEN is_billed THEN rate_miss * (fresh_and_cached - hit) WHEN is_split THEN billed_miss_usd WHEN is_whole THEN 0
    END AS input_miss_usd,
    CASE WHEN is_billed THEN rate_hit * hit WHEN is_split THEN billed_hit_usd WHEN is_whole THEN 0 END AS cache_hit_usd,
    CASE
        WHEN is_billed THEN rate_output * thought
        WHEN is_split THEN CASE WHEN written = 0 THEN 0 WHEN thought = written THEN billed_output_usd WHEN thought = 0 THEN 0 END
        WHEN is_whole THEN 0
    END AS thinking_usd,
    CASE
        WHEN is_billed THEN rate_output * (written - thought)
        WHEN is_split THEN CASE WHEN thought = 0 THEN billed_output_usd WHEN thought = written THEN 0 END
        WHEN is_whole THEN 0
    END AS answer_usd,
    CASE
        WHEN is_billed AND thought IS NULL THEN rate_output * written
        WHEN is_split AND (thought IS NULL OR thought > 0 AND thought < written) THEN billed_output_usd
        WHEN is_split THEN 0
        WHEN is_whole THEN 0
    END AS thinking_unknown_usd,
    CASE
        WHEN is_billed OR is_split AND has_price THEN (rate_miss - rate_hit) * hit
        WHEN is_split AND hit = 0 OR is_whole THEN 0
    END AS cache_saving_usd,
    CASE WHEN is_here THEN known_usd WHEN known_usd IS NOT NULL THEN 0 END AS energy_usd,
    CASE
        WHEN is_split THEN known_usd - billed_miss_usd - billed_hit_usd - billed_output_usd
        WHEN is_charged THEN known_usd
        WHEN known_usd IS NOT NULL THEN 0
    END AS charged_usd,
    CASE WHEN is_uncertain THEN CASE WHEN is_ranged THEN spanned_low_usd ELSE cost_low_usd END END AS uncertain_low_usd,
    CASE WHEN is_uncertain THEN CASE WHEN is_ranged THEN spanned_high_usd ELSE cost_high_usd END END AS uncertain_high_usd,
    -- What a provider bills is no estimate, whatever its tokens are.
    CASE
        WHEN is_estimated AND is_charged THEN known_usd
        WHEN is_estimated AND known_usd IS NOT NULL THEN LEAST(known_usd, COALESCE(cost_low_usd, known_usd))
    END AS estimated_low_usd,
    CASE
        WHEN is_estimated AND is_charged THEN known_usd
        WHEN is_estimated AND known_usd IS NOT NULL THEN GREATEST(known_usd, COALESCE(cost_high_usd, known_usd))
    END AS estimated_high_usd,
    is_estimated AND NOT is_charged AND known_usd IS NOT NULL AND cost_high_usd IS NULL AS is_loose
FROM costed
