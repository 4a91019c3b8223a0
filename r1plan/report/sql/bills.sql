-- Where providers bill something else than our prices come to, by more than rounding explains.
SELECT provider, model, COALESCE(sum(requests), 0) AS requests, sum(reported_usd) AS reported_usd, sum(known_usd) AS priced_usd
FROM priced
WHERE is_billed
    AND abs(reported_usd - known_usd) > CAST('0.000001' AS DECIMAL(38, 15))
    AND abs(reported_usd - known_usd) > CAST(GREATEST(reported_usd, known_usd) AS DOUBLE) / 100
GROUP BY provider, model
ORDER BY provider, model
