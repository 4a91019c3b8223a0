-- What each model thought and answered on each UTC day, of the requests that say so and came to their end.
SELECT
    provider,
    model,
    quarter // 96 AS day,
    sum(requests) AS requests,
    sum(thinking_tokens) AS thinking_tokens,
    sum(answer_tokens) AS answer_tokens,
    sum(thinking_usd) AS thinking_usd
FROM finding_cell
WHERE is_split AND COALESCE(status, 'ok') IN ('ok', 'length')
GROUP BY provider, model, day
ORDER BY provider, model, day
