-- By which prices each name was billed, and when.
SELECT
    provider,
    model,
    price_id,
    sum(requests) AS requests,
    min(first_us) AS first_us,
    max(last_us) AS last_us,
    sum(known_usd) AS cost_usd
FROM finding_cell
WHERE is_billed
GROUP BY provider, model, price_id
ORDER BY provider, model, first_us, price_id
