-- Each request of the period with its cost, split as prices.cost_of splits it. Two lookups: the price in force at the
-- end says which instant of the request decides, then the price at that instant is taken.
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
            WHEN placed_us >= price.until_us THEN NULL
            WHEN price.decides = 'start' THEN started_us
            WHEN price.decides = 'first_token' THEN COALESCE(first_token_us, placed_us)
            ELSE placed_us
        END AS decided_us
    FROM banded ASOF LEFT JOIN price ON banded.band = price.band AND banded.placed_us >= price.start_us
),
rated AS (
    SELECT
        decided.*,
        price.price_id IS NOT NULL AND decided_us < price.until_us AS has_price,
        price.price_id,
        price.miss_usd AS rate_miss, price.hit_usd AS rate_hit, price.output_usd AS rate_output,
        -- An unknown or impossible part is billed as the whole it belongs to.
        CAST(COALESCE(input_tokens, 0) AS DECIMAL(18, 0)) AS fresh_and_cached,
        CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens END AS hit,
        CAST(COALESCE(output_tokens, 0) AS DECIMAL(18, 0)) AS written,
        CASE WHEN output_tokens = 0 THEN 0 WHEN thinking_tokens <= output_tokens THEN thinking_tokens END AS thought,
        ended_us IS NULL
            OR status IN ('aborted', 'failed') AND cost_low_usd IS NOT NULL
                AND (cost_high_usd IS NULL OR cost_low_usd < cost_high_usd) AS is_uncertain
    FROM decided ASOF LEFT JOIN price ON decided.band = price.band AND decided.decided_us >= price.start_us
),
classified AS (
    SELECT
        *,
        COALESCE(has_price, false) AND NOT is_uncertain AS is_billed,
        NOT COALESCE(has_price, false) AND NOT is_uncertain AND provider <> 'local'
            AND (COALESCE(input_tokens, 1) > 0 OR COALESCE(output_tokens, 1) > 0) AS is_unpriced,
        -- Nobody sends a bill for what was run here: its cost is what its row says of electricity, or not known.
        NOT COALESCE(has_price, false) AND NOT is_uncertain AND provider = 'local' AS is_here
    FROM rated
)
SELECT
    provider, model, project, tags, status, placed_us, price_id,
    input_tokens, cache_hit_tokens, output_tokens, thinking_tokens,
    is_billed, is_unpriced, is_uncertain, energy_wh, forecast_p50_usd, forecast_p90_usd,
    is_here AND cost_usd IS NULL AS is_uncosted,
    is_uncertain AND (cost_high_usd IS NULL OR $in_yuan) AS is_unbounded,
    CASE WHEN is_billed THEN rate_miss * (fresh_and_cached - CAST(COALESCE(hit, 0) AS DECIMAL(18, 0))) END AS input_miss_usd,
    CASE WHEN is_billed THEN rate_hit * CAST(hit AS DECIMAL(18, 0)) END AS cache_hit_usd,
    CASE WHEN is_billed THEN rate_output * CAST(thought AS DECIMAL(18, 0)) END AS thinking_usd,
    CASE WHEN is_billed THEN rate_output * (written - CAST(thought AS DECIMAL(18, 0))) END AS answer_usd,
    CASE WHEN is_billed AND thought IS NULL THEN rate_output * written END AS thinking_unknown_usd,
    CASE WHEN is_billed THEN (rate_miss - rate_hit) * CAST(hit AS DECIMAL(18, 0)) END AS cache_saving_usd,
    CASE WHEN is_here THEN cost_usd END AS energy_usd,
    -- A row's own bounds are dollars.
    CASE WHEN is_uncertain AND NOT $in_yuan THEN cost_low_usd END AS uncertain_low_usd,
    CASE WHEN is_uncertain AND NOT $in_yuan THEN cost_high_usd END AS uncertain_high_usd
FROM classified
