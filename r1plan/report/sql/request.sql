-- The requests of the period that are billed in the report's currency. `is_plain`: it came to its end, its tokens are
-- counted, and no amount of its own bounds or replaces their price, so that the price of many such is that of their sum.
-- So few tokens that no sum of them is too large for an exact product.
CREATE VIEW request AS
SELECT
    *,
    rowid AS row,
    COALESCE(ended_us, started_us) AS placed_us,
    span_us > 0 OR requests IS DISTINCT FROM 1 AS is_aggregate,
    (
        input_tokens < 1000000000 AND output_tokens < 1000000000
        AND ended_us IS NOT NULL AND span_us = 0 AND requests = 1
        AND (status = 'ok' OR status = 'length' OR status IS NULL)
        AND reported_usd IS NULL
        AND (cost_low_usd IS NULL AND cost_high_usd IS NULL OR cost_low_usd = cost_high_usd)
        AND (provenance IS NULL OR NOT contains(CAST(provenance AS VARCHAR), 'estimated'))
        AND NOT list_contains(CAST($by_another_instant AS VARCHAR[]), provider)
    ) IS TRUE AS is_plain
FROM entry
WHERE usable AND placed_us >= $start_us AND placed_us < $until_us
    AND COALESCE(currency, CASE WHEN list_contains(CAST($yuan AS VARCHAR[]), provider) THEN 'CNY' ELSE 'USD' END)
        = CASE WHEN $in_yuan THEN 'CNY' ELSE 'USD' END
