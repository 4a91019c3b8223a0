-- What the tools that wrote the logs reckoned by tables of their own, beside what the same requests cost.
SELECT
    COALESCE(source, 'r1plan') AS source,
    sum(told_requests) AS requests,
    sum(tool_usd) AS tool_usd,
    sum(told_usd) AS priced_usd
FROM finding_cell
WHERE told_requests > 0
GROUP BY source
ORDER BY source
