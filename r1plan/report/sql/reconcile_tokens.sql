-- The tokens of a provider's requests by quarter of an hour, model, kind and price of one of them; NULL: it has no price
-- that is known. What a request costs by its tokens is a whole multiple of them, so that the price is found exactly.
WITH request AS (
    SELECT
        placed_us // 900000000 * 900000000 AS slot_us,
        model,
        CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END AS cached,
        COALESCE(input_tokens, 0) - cached AS fresh,
        COALESCE(output_tokens, 0) AS written,
        CASE WHEN is_billed AND fresh > 0
            THEN CAST(CAST(input_miss_usd AS DOUBLE) / fresh AS DECIMAL(20, 15)) END AS fresh_price,
        CASE WHEN is_billed AND cached > 0
            THEN CAST(CAST(cache_hit_usd AS DOUBLE) / cached AS DECIMAL(20, 15)) END AS cached_price,
        CASE WHEN is_billed AND written > 0
            THEN CAST(
                CAST(known_usd - input_miss_usd - cache_hit_usd AS DOUBLE) / written AS DECIMAL(20, 15)
            ) END AS written_price
    FROM priced
    WHERE provider = $provider AND NOT is_uncertain
),
slot AS (
    SELECT
        slot_us, model, fresh_price, cached_price, written_price,
        sum(fresh) AS fresh, sum(cached) AS cached, sum(written) AS written
    FROM request
    GROUP BY ALL
),
part AS (
    SELECT slot_us, model, unnest([
        {'kind': 'input_miss', 'price': fresh_price, 'tokens': fresh},
        {'kind': 'cache_hit', 'price': cached_price, 'tokens': cached},
        {'kind': 'output', 'price': written_price, 'tokens': written}
    ], recursive := true)
    FROM slot
)
SELECT slot_us, model, kind, price, CAST(sum(tokens) AS HUGEINT) AS tokens
FROM part
WHERE tokens > 0
GROUP BY ALL
ORDER BY ALL
