-- How often a request cost at most what was forecast of it. One that was broken off says nothing of that; one that was
-- cut at its limit does, as the forecast knew the limit.
SELECT
    CAST(COALESCE(sum(requests), 0) AS BIGINT) AS requests,
    CAST(COALESCE(sum(requests) FILTER (known_usd <= forecast_p50_usd), 0) AS BIGINT) AS within_p50,
    CAST(COALESCE(sum(requests) FILTER (known_usd <= forecast_p90_usd), 0) AS BIGINT) AS within_p90
FROM priced
WHERE forecast_p50_usd IS NOT NULL AND forecast_p90_usd IS NOT NULL AND known_usd IS NOT NULL
    AND (status = 'ok' OR status = 'length')
