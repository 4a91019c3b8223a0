-- Whether a row came to its end, its tokens are counted, and no amount of its own bounds or replaces their price: the price
-- of many such is that of their sum. So few tokens that no sum of them is too large for an exact product.
(
    input_tokens < 1000000000 AND output_tokens < 1000000000
    AND ended_us IS NOT NULL
    AND (status = 'ok' OR status = 'length' OR status IS NULL)
    AND reported_usd IS NULL
    AND (cost_low_usd IS NULL AND cost_high_usd IS NULL OR cost_low_usd = cost_high_usd)
    AND (provenance IS NULL OR NOT contains(CAST(provenance AS VARCHAR), 'estimated'))
) IS TRUE