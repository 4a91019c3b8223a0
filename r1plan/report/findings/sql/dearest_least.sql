-- What the tenth dearest request costs at least: of ten sums one request each is not cheaper than the mean, and none
-- costs more than its tokens at the dearest prices.
SELECT
    (SELECT max(GREATEST(CAST(miss_usd AS DOUBLE), CAST(hit_usd AS DOUBLE))) FROM price) AS input_usd,
    (SELECT max(CAST(output_usd AS DOUBLE)) FROM price) AS output_usd,
    (
        SELECT CASE WHEN count(*) = 10 THEN min(usd) END
        FROM (
            SELECT CAST(known_usd AS DOUBLE) / row_count AS usd
            FROM plain_priced
            WHERE known_usd > 0
            ORDER BY usd DESC
            LIMIT 10
        )
    ) AS least_usd
