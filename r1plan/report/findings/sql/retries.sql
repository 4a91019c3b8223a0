SELECT
    provider,
    count(*) AS requests,
    count(DISTINCT (source, question)) FILTER (NOT is_answered) AS unanswered,
    COALESCE(sum(known_usd), 0) + COALESCE(sum(uncertain_low_usd), 0) AS low_usd,
    COALESCE(sum(known_usd), 0) + COALESCE(sum(uncertain_high_usd), 0) AS high_usd,
    count(*) FILTER (is_unbounded) AS unbounded
FROM superseded
GROUP BY provider
ORDER BY requests DESC, provider
