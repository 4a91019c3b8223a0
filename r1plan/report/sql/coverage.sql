-- How often a request cost at most what was forecast of it. One that was broken off says nothing of that; one that was cut
-- at its limit does, as the forecast knew the limit.
WITH forecast AS (
    SELECT
        forecast_p50_usd,
        forecast_p90_usd,
        CASE
            WHEN is_billed THEN
                input_miss_usd + COALESCE(cache_hit_usd, 0)
                + COALESCE(thinking_unknown_usd, thinking_usd + answer_usd)
            ELSE energy_usd
        END AS cost_usd
    FROM priced
    WHERE (status = 'ok' OR status = 'length') AND forecast_p50_usd IS NOT NULL AND forecast_p90_usd IS NOT NULL
)
SELECT
    count(*) AS requests,
    count(*) FILTER (cost_usd <= forecast_p50_usd) AS within_p50,
    count(*) FILTER (cost_usd <= forecast_p90_usd) AS within_p90
FROM forecast
WHERE cost_usd IS NOT NULL
