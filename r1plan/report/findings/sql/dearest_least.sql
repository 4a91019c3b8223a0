-- What the tenth dearest request costs at least: of ten sums one request each is not cheaper than the mean.
WITH least AS (
    SELECT CASE WHEN count(*) = 10 THEN min(usd) ELSE 0 END AS usd
    FROM (
        SELECT CAST(known_usd AS DOUBLE) / row_count AS usd
        FROM plain_priced
        WHERE known_usd > 0
        ORDER BY usd DESC
        LIMIT 10
    )
),
dearest AS (
    SELECT
        max(GREATEST(CAST(miss_usd AS DOUBLE), CAST(hit_usd AS DOUBLE))) AS input_usd,
        max(CAST(output_usd AS DOUBLE)) AS output_usd
    FROM price
)
-- As many tokens as cost a quarter of it, and somewhat less, for what rounding takes.
SELECT
    CAST(floor(usd / NULLIF(input_usd, 0) * 0.249999) AS BIGINT) AS input_step,
    CAST(floor(usd / NULLIF(output_usd, 0) * 0.249999) AS BIGINT) AS output_step,
    CAST(usd * 0.999999 AS DECIMAL(38, 15)) AS least_usd
FROM least, dearest
