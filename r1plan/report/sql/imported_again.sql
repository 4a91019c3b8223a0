-- The rows of other tools whose id another row of the same tool has that counts.
WITH told_again AS (
    SELECT source, id
    FROM entry
    WHERE usable AND source <> 'r1plan' AND id IS NOT NULL
    GROUP BY source, id
    HAVING count(*) > 1
)
SELECT entry.rowid AS row, entry.source
FROM entry JOIN told_again ON entry.source = told_again.source AND entry.id = told_again.id
WHERE usable
QUALIFY row_number() OVER (
    PARTITION BY entry.source, entry.id
    ORDER BY
        ended_us IS NOT NULL DESC,
        CASE WHEN span_us > 0 THEN COALESCE(requests, 0) ELSE 0 END DESC,
        COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0) DESC,
        CAST(cache_hit_tokens IS NOT NULL AS INTEGER) + CAST(thinking_tokens IS NOT NULL AS INTEGER) DESC,
        CASE WHEN span_us > 0 THEN COALESCE(reported_usd, 0) ELSE 0 END DESC,
        entry.rowid DESC
) > 1
