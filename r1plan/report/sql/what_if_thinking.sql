-- How long single requests that came to their end thought, where that is known, by what was asked for and which project
-- asked: requests of one project are alike.
SELECT provider, model, price_id, project, count(*) AS number, CAST(sum(thinking_tokens) AS DOUBLE) AS thought
FROM priced
WHERE status IN ('ok', 'length') AND ended_us IS NOT NULL AND span_us = 0 AND requests = 1
    AND thinking_tokens <= output_tokens
GROUP BY ALL
ORDER BY ALL
