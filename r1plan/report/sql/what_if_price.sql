-- What whatif/worlds.py compiled, given as lists: a row for each stretch of the time line in which a price holds.
CREATE OR REPLACE TABLE what_if_price AS
WITH stretch AS (
    SELECT
        unnest($world) AS world,
        unnest($number) AS number,
        unnest($since) AS since,
        unnest($before) AS before,
        unnest($low_band) AS low_band,
        unnest($high_band) AS high_band,
        unnest($price_id) AS price_id,
        unnest($decides) AS decides,
        unnest($has_clock) AS has_clock,
        unnest($is_other) AS is_other,
        unnest($context_rank) AS context_rank,
        unnest($output_rank) AS output_rank,
        CAST(unnest($miss) AS DECIMAL(20, 15)) AS miss_usd,
        CAST(unnest($hit) AS DECIMAL(20, 15)) AS hit_usd,
        CAST(unnest($output) AS DECIMAL(20, 15)) AS output_usd
)
SELECT * EXCLUDE (since, before), unnest(range(since, before)) AS segment
FROM stretch
