-- How many requests failed at each provider.
SELECT
    provider,
    sum(CASE WHEN status = 'failed' THEN requests ELSE 0 END) AS failed,
    sum(requests) AS requests
FROM finding_cell
WHERE NOT is_here
GROUP BY provider
ORDER BY provider
