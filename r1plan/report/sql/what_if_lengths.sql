-- The lengths of the requests of what_if_load.sql as sums over those alike: within half a power of two in each part.
SELECT
    provider, model, price_id, thought IS NULL AS is_unsplit,
    CAST(sum(number) AS DOUBLE) AS number,
    sum(entire) AS entire,
    sum(hit) AS hit,
    COALESCE(sum(thought), 0) AS thought,
    sum(written) AS written
FROM what_if_load
WHERE stays IS NULL AND number > 0
GROUP BY
    provider, model, price_id, is_unsplit,
    floor(2 * log2(1 + entire / number)), floor(2 * log2(1 + hit / number)),
    floor(2 * log2(1 + COALESCE(thought, 0) / number)), floor(2 * log2(1 + written / number))
ORDER BY ALL
