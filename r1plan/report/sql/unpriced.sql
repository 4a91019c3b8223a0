SELECT
    provider,
    model,
    COALESCE(sum(requests), 0) AS requests,
    COALESCE(sum(input_tokens), 0) AS input_tokens,
    COALESCE(sum(output_tokens), 0) AS output_tokens
FROM cube
WHERE is_unpriced
GROUP BY provider, model
ORDER BY requests DESC, provider, model
