-- Who answered for each name, as the answers say it.
SELECT
    provider,
    model,
    served,
    sum(requests) AS requests,
    min(first_us) AS first_us,
    max(last_us) AS last_us,
    CASE WHEN bool_or(is_billed OR known_usd > 0) THEN sum(known_usd) END AS cost_usd
FROM finding_cell
WHERE served IS NOT NULL AND served <> '' AND COALESCE(status, 'ok') <> 'failed' AND NOT is_here
GROUP BY provider, model, served
ORDER BY provider, model, first_us, served
