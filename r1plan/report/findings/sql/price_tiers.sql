-- What was billed by each price and tier of the clock.
SELECT
    provider,
    model,
    price_id,
    tier,
    sum(requests) AS requests,
    sum(known_usd) AS cost_usd,
    sum(hit_tokens) AS hit_tokens,
    sum(input_tokens) - sum(hit_tokens) AS miss_tokens,
    sum(output_tokens) AS output_tokens,
    min(first_us) AS first_us,
    max(last_us) AS last_us
FROM finding_cell
WHERE is_billed AND tier IS NOT NULL
GROUP BY provider, model, price_id, tier
ORDER BY provider, model, first_us, price_id, tier
