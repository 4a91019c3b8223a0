-- Each request of the period with its price and what is known of its cost. Two lookups: the price in force at the
-- end says which instant of the request decides, then the price at that instant is taken. What is not known is NULL.
WITH banded AS (
    SELECT request.*, band.band
    FROM /*REQUEST*/ AS request
    LEFT JOIN band ON NOT is_aggregate AND request.provider = band.provider AND request.model = band.model
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
            -- A row's own amounts are dollars, but for a bill that another tool has from an account in yuan.
            CASE WHEN NOT $in_yuan THEN cost_low_usd END AS cost_low_usd,
            CASE WHEN NOT $in_yuan THEN cost_high_usd END AS cost_high_usd,
            CASE WHEN NOT $in_yuan OR source <> 'r1plan' THEN reported_usd END AS reported_usd
        ),
        COALESCE(price.price_id, spanned.price_id) IS NOT NULL AS has_price,
        COALESCE(price.price_id, spanned.price_id) AS price_id,
        price.tier,
        COALESCE(price.miss_usd, spanned.miss_usd) AS rate_miss,
        COALESCE(price.hit_usd, spanned.hit_usd) AS rate_hit,
        COALESCE(price.output_usd, spanned.output_usd) AS rate_output,
        spanned.low_usd AS spanned_low_usd, spanned.high_usd AS spanned_high_usd,
        spanned.row IS NOT NULL AND spanned.price_id IS NULL AS is_ranged,
        -- A bill that says what each part of the tokens cost.
        COALESCE(
            decided.reported_usd >= decided.billed_miss_usd + decided.billed_hit_usd + decided.billed_output_usd, false
        ) AS is_itemized,
        -- An unknown or impossible part is billed as the whole it belongs to.
        CAST(COALESCE(input_tokens, 0) AS DECIMAL(18, 0)) AS fresh_and_cached,
        CAST(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END AS DECIMAL(18, 0)) AS hit,
        CAST(COALESCE(output_tokens, 0) AS DECIMAL(18, 0)) AS written,
        CAST(
            CASE WHEN output_tokens = 0 THEN 0 WHEN thinking_tokens <= output_tokens THEN thinking_tokens END
            AS DECIMAL(18, 0)
        ) AS thought,
        ended_us IS NULL AND NOT is_aggregate
            OR is_ranged AND decided.reported_usd IS NULL
            OR status IN ('aborted', 'failed') AND decided.cost_low_usd IS NOT NULL
                AND (decided.cost_high_usd IS NULL OR decided.cost_low_usd < decided.cost_high_usd) AS is_uncertain,
        -- What most rows say needs no look inside.
        CASE
            WHEN CAST(provenance AS VARCHAR) = '{"input_tokens":"reported","output_tokens":"reported"}' THEN false
            ELSE (provenance ->> '$.input_tokens') = 'estimated' OR (provenance ->> '$.output_tokens') = 'estimated'
        END
            OR decided.cost_low_usd < decided.cost_high_usd
            OR decided.cost_low_usd IS NOT NULL AND decided.cost_high_usd IS NULL AS is_guessed
    FROM decided LEFT JOIN price_day AS price
        ON decided.band = price.band AND decided.decided_us // 86400000000 = price.day
        AND decided.decided_us >= price.start_us AND decided.decided_us < price.until_us
    LEFT JOIN spanned ON decided.row = spanned.row
)
SELECT
    *,
    -- The provider's own bill is the cost where we have no price, where the price is one of several or of a part
    -- of the tokens only, and of an aggregate where it says what each part of the tokens cost.
    NOT is_uncertain AND provider <> 'local' AND reported_usd IS NOT NULL AND (
        NOT has_price OR input_tokens IS NULL OR output_tokens IS NULL OR is_aggregate AND is_itemized
    ) AS is_charged,
    -- Of a request without any count nothing is known that could be priced, unless it is known to be free.
    NOT is_aggregate AND input_tokens IS NULL AND output_tokens IS NULL AND cost_high_usd IS DISTINCT FROM 0 AS is_uncounted,
    has_price AND NOT is_uncertain AND NOT is_charged AND NOT is_uncounted AS is_billed,
    (NOT has_price OR is_uncounted) AND NOT is_uncertain AND provider <> 'local' AND reported_usd IS NULL
        AND (COALESCE(input_tokens, 1) > 0 OR COALESCE(output_tokens, 1) > 0) AS is_unpriced,
    -- Nobody sends a bill for what was run here: its cost is what its row says of electricity, or not known.
    NOT has_price AND NOT is_uncertain AND provider = 'local' AS is_here,
    NOT is_uncertain AND COALESCE(is_guessed, false) AS is_estimated
FROM rated
