-- Each request of the period with its cost, split as prices.cost_of splits it. Two lookups: the price in force at the
-- end says which instant of the request decides, then the price at that instant is taken. What is not known is NULL.
CREATE TABLE priced AS
WITH request AS (
    SELECT *, COALESCE(ended_us, started_us) AS placed_us
    FROM entry
    WHERE usable AND placed_us >= $start_us AND placed_us < $until_us
        AND list_contains(CAST($yuan AS VARCHAR[]), provider) = $in_yuan
),
banded AS (
    SELECT request.*, band.band
    FROM request
    LEFT JOIN band ON request.provider = band.provider AND request.model = band.model
        AND COALESCE(input_tokens, 0) > band.input_above
        AND COALESCE(input_tokens, 0) <= band.input_up_to
),
decided AS (
    SELECT
        banded.*,
        CASE
            WHEN price.decides IS NULL THEN NULL
            WHEN price.decides = 'start' THEN started_us
            WHEN price.decides = 'first_token' THEN COALESCE(first_token_us, placed_us)
            ELSE placed_us
        END AS decided_us
    FROM banded LEFT JOIN price_day AS price
        ON banded.band = price.band AND banded.placed_us // 86400000000 = price.day
        AND banded.placed_us >= price.start_us AND banded.placed_us < price.until_us
),
rated AS (
    SELECT
        decided.* REPLACE (
            -- A row's own amounts are dollars.
            CASE WHEN NOT $in_yuan THEN cost_low_usd END AS cost_low_usd,
            CASE WHEN NOT $in_yuan THEN cost_high_usd END AS cost_high_usd,
            CASE WHEN NOT $in_yuan THEN reported_usd END AS reported_usd
        ),
        price.price_id IS NOT NULL AS has_price,
        price.price_id,
        price.miss_usd AS rate_miss, price.hit_usd AS rate_hit, price.output_usd AS rate_output,
        -- An unknown or impossible part is billed as the whole it belongs to.
        CAST(COALESCE(input_tokens, 0) AS DECIMAL(18, 0)) AS fresh_and_cached,
        CAST(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END AS DECIMAL(18, 0)) AS hit,
        CAST(COALESCE(output_tokens, 0) AS DECIMAL(18, 0)) AS written,
        CAST(
            CASE WHEN output_tokens = 0 THEN 0 WHEN thinking_tokens <= output_tokens THEN thinking_tokens END
            AS DECIMAL(18, 0)
        ) AS thought,
        ended_us IS NULL
            OR status IN ('aborted', 'failed') AND decided.cost_low_usd IS NOT NULL
                AND (decided.cost_high_usd IS NULL OR decided.cost_low_usd < decided.cost_high_usd) AS is_uncertain,
        (provenance ->> '$.input_tokens') = 'estimated' OR (provenance ->> '$.output_tokens') = 'estimated'
            OR decided.cost_low_usd < decided.cost_high_usd
            OR decided.cost_low_usd IS NOT NULL AND decided.cost_high_usd IS NULL AS is_guessed
    FROM decided LEFT JOIN price_day AS price
        ON decided.band = price.band AND decided.decided_us // 86400000000 = price.day
        AND decided.decided_us >= price.start_us AND decided.decided_us < price.until_us
),
classified AS (
    SELECT
        *,
        has_price AND NOT is_uncertain AS is_billed,
        NOT has_price AND NOT is_uncertain AND provider <> 'local' AND reported_usd IS NOT NULL AS is_charged,
        NOT has_price AND NOT is_uncertain AND provider <> 'local' AND reported_usd IS NULL
            AND (COALESCE(input_tokens, 1) > 0 OR COALESCE(output_tokens, 1) > 0) AS is_unpriced,
        -- Nobody sends a bill for what was run here: its cost is what its row says of electricity, or not known.
        NOT has_price AND NOT is_uncertain AND provider = 'local' AS is_here,
        NOT is_uncertain AND COALESCE(is_guessed, false) AS is_estimated
    FROM rated
),
costed AS (
    SELECT
        *,
        CASE
            WHEN is_billed THEN rate_miss * (fresh_and_cached - hit) + rate_hit * hit + rate_output * written
            WHEN is_charged THEN reported_usd
            WHEN is_here THEN cost_usd
            WHEN NOT is_uncertain AND NOT is_unpriced THEN 0  -- nothing was used
        END AS known_usd,
        known_usd IS NOT NULL AND NOT is_charged AS is_whole
    FROM classified
)
SELECT
    id, source, response_id, provider, model, served, project, tags, key, status, end_reason, flags, provenance,
    attempt_of, conversation, requests, span_us, started_us, first_token_us, ended_us, placed_us, price_id,
    input_tokens, cache_hit_tokens, output_tokens, thinking_tokens,
    is_billed, is_unpriced, is_uncertain, is_here, is_estimated, energy_wh, forecast_p50_usd, forecast_p90_usd,
    known_usd, reported_usd, billed_miss_usd, billed_hit_usd, billed_output_usd, tool_usd, currency,
    is_here AND cost_usd IS NULL AS is_uncosted,
    is_uncertain AND cost_high_usd IS NULL AS is_unbounded,
    -- The parts of known_usd. Those of a bill are not known; what was run here has none but its electricity.
    CASE WHEN is_billed THEN rate_miss * (fresh_and_cached - hit) WHEN is_whole THEN 0 END AS input_miss_usd,
    CASE WHEN is_billed THEN rate_hit * hit WHEN is_whole THEN 0 END AS cache_hit_usd,
    CASE WHEN is_billed THEN rate_output * thought WHEN is_whole THEN 0 END AS thinking_usd,
    CASE WHEN is_billed THEN rate_output * (written - thought) WHEN is_whole THEN 0 END AS answer_usd,
    CASE
        WHEN is_billed AND thought IS NULL THEN rate_output * written
        WHEN is_whole THEN 0
    END AS thinking_unknown_usd,
    CASE WHEN is_billed THEN (rate_miss - rate_hit) * hit WHEN is_whole THEN 0 END AS cache_saving_usd,
    CASE WHEN is_here THEN known_usd WHEN known_usd IS NOT NULL THEN 0 END AS energy_usd,
    CASE WHEN is_charged THEN known_usd WHEN known_usd IS NOT NULL THEN 0 END AS charged_usd,
    CASE WHEN is_uncertain THEN cost_low_usd END AS uncertain_low_usd,
    CASE WHEN is_uncertain THEN cost_high_usd END AS uncertain_high_usd,
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
