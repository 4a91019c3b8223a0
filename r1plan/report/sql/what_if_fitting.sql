-- The requests of what_if_load.sql by whether they fit into a context of $context tokens, and if not, why they stay.
SELECT
    CASE WHEN stays IS NULL AND NOT is_aggregate AND entire + written > $context THEN 'context' ELSE stays END AS stays,
    known_usd IS NOT NULL AS is_known,
    is_aggregate,
    CAST(sum(number) AS BIGINT) AS requests,
    CAST(COALESCE(sum(number) FILTER (is_estimated), 0) AS BIGINT) AS estimated,
    sum(known_usd) AS known_usd
FROM what_if_load
GROUP BY ALL
ORDER BY ALL
