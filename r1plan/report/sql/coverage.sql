SELECT
    CAST(COALESCE(sum(forecast_requests), 0) AS BIGINT) AS requests,
    CAST(COALESCE(sum(within_p50), 0) AS BIGINT) AS within_p50,
    CAST(COALESCE(sum(within_p90), 0) AS BIGINT) AS within_p90
FROM cube
