-- Answers that ended at their limit, and among them those of which thinking left next to nothing.
SELECT
    provider,
    model,
    sum(requests) AS requests,
    COALESCE(sum(requests) FILTER (is_eaten), 0) AS eaten,
    sum(known_usd) AS cost_usd,
    COALESCE(sum(known_usd) FILTER (is_eaten), 0) AS eaten_usd,
    max(longest_tokens) AS longest_tokens
FROM finding_cell
WHERE status = 'length' AND output_tokens > 0 AND NOT is_uncertain
GROUP BY provider, model
ORDER BY cost_usd DESC, requests DESC, provider, model
