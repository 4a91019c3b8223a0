-- Sums over a time of which the same tool tells sums over parts of it, as days beside their hours, or the parts: those
-- count that tell more requests, or more tokens of as many; of equal ones the parts. Of parts that are nested once more
-- those of one length are put against the whole at a time.
WITH summed AS (
    SELECT
        source, provider, started_us, span_us, started_us + span_us AS end_us,
        sum(COALESCE(requests, 0)) AS requests, sum(COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0)) AS tokens
    FROM entry
    WHERE usable AND source <> 'r1plan' AND span_us >= 1000000
    GROUP BY ALL
),
nested AS (
    SELECT
        whole.source, whole.provider, whole.started_us, whole.span_us, part.span_us AS part_us,
        (sum(part.requests), sum(part.tokens)) >= (any_value(whole.requests), any_value(whole.tokens)) AS has_parts
    FROM summed AS whole JOIN summed AS part
        ON whole.source = part.source AND whole.provider = part.provider
        AND whole.started_us <= part.started_us AND whole.end_us >= part.end_us AND whole.span_us > part.span_us
    GROUP BY ALL
)
SELECT DISTINCT entry.rowid AS row, entry.source
FROM entry JOIN nested ON entry.source = nested.source AND entry.provider = nested.provider
    AND CASE
        WHEN has_parts THEN entry.started_us = nested.started_us AND entry.span_us = nested.span_us
        ELSE entry.span_us = part_us AND entry.started_us >= nested.started_us
            AND entry.started_us < nested.started_us + nested.span_us
    END
WHERE usable AND entry.span_us >= 1000000
