-- Sums at a provider over a time in which single requests of the same tool to that provider began: they are the same
-- requests again. Of each quarter of an hour the first and the last are looked at, as days begin at no other time.
WITH summed AS (
    SELECT rowid AS row, source, provider, started_us, started_us + span_us AS end_us
    FROM entry
    WHERE usable AND source <> 'r1plan' AND span_us > 0
),
began AS (
    SELECT source, provider, unnest([min(started_us), max(started_us)]) AS at_us
    FROM entry
    WHERE usable AND span_us = 0 AND source IN (SELECT source FROM summed)
    GROUP BY source, provider, started_us // 900000000
)
SELECT summed.row, summed.source
FROM summed
ASOF JOIN began
    ON summed.source = began.source AND summed.provider = began.provider AND summed.started_us <= began.at_us
WHERE began.at_us < summed.end_us
