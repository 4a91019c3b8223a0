-- The rows of responses that another tool tells too, and knows more of. Short ids of responses are no ids: some servers
-- count them from 1.
WITH told AS (
    SELECT
        rowid AS row, source, response_id, lower(provider) AS seller, lower(model) AS name,
        ended_us, input_tokens, cache_hit_tokens, output_tokens, thinking_tokens, reported_usd
    FROM entry
    WHERE usable AND source <> 'r1plan' AND span_us = 0 AND requests = 1 AND length(response_id) >= 16
),
shared AS (
    SELECT response_id, seller, name FROM told GROUP BY ALL HAVING count(DISTINCT source) > 1
)
SELECT row, source
FROM told JOIN shared USING (response_id, seller, name)
QUALIFY source <> first_value(source) OVER (
    PARTITION BY response_id, seller, name
    ORDER BY
        ended_us IS NOT NULL DESC,
        CAST(input_tokens IS NOT NULL AS INTEGER) + CAST(cache_hit_tokens IS NOT NULL AS INTEGER)
            + CAST(output_tokens IS NOT NULL AS INTEGER) + CAST(thinking_tokens IS NOT NULL AS INTEGER) DESC,
        reported_usd IS NOT NULL DESC,
        row DESC
)
