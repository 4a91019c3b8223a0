-- Sums of one time that a tool tells several times, each by another key, as LiteLLM does by user and by team: an importer
-- marks them sums_by_…. Of each time and provider those count that hold most requests, and of equal
-- ones those that split them most.
WITH summed AS (
    SELECT
        rowid AS row, source, provider, started_us, span_us, requests, input_tokens,
        list_filter(flags, lambda flag: starts_with(flag, 'sums_by_'))[1] AS kind
    FROM entry
    WHERE usable AND source <> 'r1plan' AND span_us > 0 AND flags IS NOT NULL
),
kinds AS (
    SELECT
        source, provider, started_us, span_us, kind,
        COALESCE(sum(requests), 0) AS requests, COALESCE(sum(input_tokens), 0) AS input_tokens, count(*) AS parts
    FROM summed
    WHERE kind IS NOT NULL
    GROUP BY source, provider, started_us, span_us, kind
),
ranked AS (
    SELECT
        source, provider, started_us, span_us, kind,
        row_number() OVER (
            PARTITION BY source, provider, started_us, span_us ORDER BY requests DESC, input_tokens DESC, parts DESC, kind
        ) AS place
    FROM kinds
)
SELECT row, source FROM summed JOIN ranked USING (source, provider, started_us, span_us, kind) WHERE place > 1
