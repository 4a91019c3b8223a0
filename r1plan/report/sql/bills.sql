-- Where providers bill something else than our prices come to, by more than rounding explains.
SELECT
    provider,
    model,
    CAST(COALESCE(sum(differing_requests), 0) AS BIGINT) AS requests,
    sum(differing_reported_usd) AS reported_usd,
    sum(differing_known_usd) AS priced_usd
FROM cube
WHERE differing_reported_usd IS NOT NULL
GROUP BY provider, model
ORDER BY provider, model
