-- $told: whether the spans are told apart.
SELECT
    CASE WHEN $told THEN CAST(date_trunc($unit, day) AS DATE) END AS span,
    isodow(day) AS weekday,
    hour,
    LEAST(seller, $most) AS seller,
    CAST(sum(requests) AS BIGINT) AS requests,
    sum(cost_usd) AS cost_usd
FROM series_hour JOIN series_seller USING (provider, model)
WHERE hour IS NOT NULL
GROUP BY ALL
ORDER BY ALL
