-- $told: whether the spans are told apart.
SELECT
    CASE WHEN $told THEN CAST(date_trunc($unit, day) AS DATE) END AS span,
    LEAST(seller, $most) AS seller,
    bin,
    CAST(sum(requests) AS BIGINT) AS requests
FROM series_length JOIN series_seller USING (provider, model)
GROUP BY ALL
ORDER BY ALL
