-- How many requests of the period are billed in another currency than the report's: the row's own, or its account's.
SELECT
    COALESCE(currency, CASE WHEN list_contains(CAST($yuan AS VARCHAR[]), provider) THEN 'CNY' ELSE 'USD' END) AS billed_in,
    CAST(sum(COALESCE(requests, 1)) AS BIGINT) AS requests
FROM entry
WHERE usable
    AND COALESCE(ended_us, started_us) >= $start_us AND COALESCE(ended_us, started_us) < $until_us
    AND billed_in <> CASE WHEN $in_yuan THEN 'CNY' ELSE 'USD' END
GROUP BY billed_in
ORDER BY billed_in
