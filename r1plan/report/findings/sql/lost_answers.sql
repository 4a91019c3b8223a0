-- Requests whose answer nobody has, of those that were billed or may have been, by why; but for attempts at questions
-- that were asked again. One that began in the last hour may yet end.
WITH lost AS (
    SELECT
        COALESCE(end_reason, status) AS reason, requests, known_usd, uncertain_low_usd, uncertain_high_usd, is_unbounded
    FROM other_priced AS priced
    WHERE status IN ('aborted', 'failed', 'started') AND NOT is_here
        AND (status <> 'started' OR started_us < $now_us - 3600000000)
        AND (known_usd > 0 OR is_uncertain AND COALESCE(uncertain_high_usd, 1) > 0)
        AND NOT EXISTS (
            FROM superseded WHERE superseded.id = priced.id AND superseded.source IS NOT DISTINCT FROM priced.source
        )
)
SELECT
    reason,
    COALESCE(sum(COALESCE(requests, 1)), 0) AS requests,
    COALESCE(sum(known_usd), 0) + COALESCE(sum(uncertain_low_usd), 0) AS low_usd,
    COALESCE(sum(known_usd), 0) + COALESCE(sum(uncertain_high_usd), 0) AS high_usd,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (is_unbounded), 0) AS unbounded
FROM lost
GROUP BY reason
ORDER BY high_usd DESC, requests DESC, reason
