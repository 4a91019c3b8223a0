-- The sums of a tool over a time in which another tool's rows, or our own, tell single requests to the same provider: they
-- may be the same requests, which nobody can tell.
WITH summed AS (
    SELECT source, provider, started_us, started_us + span_us AS end_us
    FROM entry
    WHERE usable AND span_us > 0
),
began AS (
    SELECT source, provider, unnest([min(started_us), max(started_us)]) AS at_us
    FROM entry
    WHERE usable AND span_us = 0 AND provider IN (SELECT provider FROM summed)
    GROUP BY source, provider, started_us // 900000000
)
SELECT summed.source, count(DISTINCT (summed.provider, summed.started_us)) AS sums
FROM summed JOIN began
    ON summed.provider = began.provider AND summed.source <> began.source
    AND began.at_us >= summed.started_us AND began.at_us < summed.end_us
GROUP BY summed.source
ORDER BY summed.source
