-- What a reader must know beside the sums.
SELECT
    min(first_us) AS first_us,
    max(last_us) AS last_us,
    CAST(COALESCE(sum(unknown_tokens), 0) AS BIGINT) AS unknown_tokens,
    CAST(COALESCE(sum(impossible_usage), 0) AS BIGINT) AS impossible_usage,
    CAST(COALESCE(sum(unknown_requests), 0) AS BIGINT) AS unknown_requests,
    CAST(COALESCE(sum(several_prices), 0) AS BIGINT) AS several_prices
FROM cube
