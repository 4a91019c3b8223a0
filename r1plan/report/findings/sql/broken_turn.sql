-- Turns of a conversation of which the cache gave less than half of what the turn before had put into it, within an hour,
-- and what that cost more. A cache holds whole blocks of 64 tokens, and so only prompts that are some blocks long count.
-- Where a seller never caches, nothing was broken.
CREATE OR REPLACE TABLE broken_turn AS
WITH cached AS (
    SELECT DISTINCT provider, model FROM finding_cell WHERE hit_tokens > 0
),
rate AS (
    SELECT
        provider, model, input_above, input_up_to, price_id, tier, min(miss_usd - hit_usd) AS saving_usd
    FROM price JOIN band USING (band)
    GROUP BY ALL
),
turn AS (
    SELECT
        id, conversation, provider, model, placed_us, started_us, input_tokens, cache_hit_tokens, price_id, tier,
        lag(id) OVER turns AS before_id,
        lag(input_tokens) OVER turns AS before_tokens,
        lag(placed_us) OVER turns AS before_us
    FROM priced
    SEMI JOIN cached USING (provider, model)
    WHERE conversation IS NOT NULL AND requests = 1 AND span_us = 0 AND is_billed
        AND cache_hit_tokens <= input_tokens AND COALESCE(status, 'ok') <> 'failed'
    WINDOW turns AS (PARTITION BY source, conversation, provider, model ORDER BY started_us, placed_us, id)
),
broken AS (
    SELECT *, LEAST(before_tokens, input_tokens) // 64 * 64 AS sent_before
    FROM turn
    WHERE before_tokens >= 1024 AND started_us - before_us < 3600000000
)
SELECT
    broken.* EXCLUDE (sent_before),
    sent_before - cache_hit_tokens AS lost_tokens,
    COALESCE(CAST(sent_before - cache_hit_tokens AS DECIMAL(18, 0)) * saving_usd, 0) AS lost_usd
FROM broken
LEFT JOIN rate
    ON broken.provider = rate.provider AND broken.model = rate.model AND broken.price_id = rate.price_id
    AND broken.tier = rate.tier AND input_tokens > input_above AND input_tokens <= input_up_to
WHERE cache_hit_tokens < sent_before // 2
