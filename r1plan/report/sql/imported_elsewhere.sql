-- Of the rows that tell one response the one that knows most of it counts: two tools may log one request, and so may two
-- libraries that one program uses. Some servers count the ids of responses from 1: a short one is the same response only
-- where its counts are the same too.
WITH told AS (
    SELECT
        rowid AS row, source, response_id,
        CASE WHEN length(response_id) < 16 THEN concat_ws('/', lower(provider), input_tokens, output_tokens) END AS counts,
        ended_us, input_tokens, cache_hit_tokens, output_tokens, thinking_tokens, reported_usd
    FROM entry
    WHERE usable AND source <> 'r1plan' AND span_us = 0 AND requests = 1 AND response_id <> ''
        AND (length(response_id) >= 16 OR input_tokens > 0 AND output_tokens > 0)
),
shared AS (
    SELECT response_id, counts FROM told GROUP BY ALL HAVING count(*) > 1
)
SELECT row, source
FROM told JOIN shared ON told.response_id = shared.response_id AND told.counts IS NOT DISTINCT FROM shared.counts
QUALIFY row_number() OVER (
    PARTITION BY told.response_id, told.counts
    ORDER BY
        ended_us IS NOT NULL DESC,
        reported_usd IS NOT NULL DESC,
        CAST(input_tokens IS NOT NULL AS INTEGER) + CAST(cache_hit_tokens IS NOT NULL AS INTEGER)
            + CAST(output_tokens IS NOT NULL AS INTEGER) + CAST(thinking_tokens IS NOT NULL AS INTEGER) DESC,
        row DESC
) > 1
