-- What prices/intervals.py compiled, given as lists. Prices are USD a token, so that SQL only multiplies and adds and
-- every result is exact. More than 18 digits, or DuckDB keeps a product in 64 bits and fails where it does not fit.
CREATE TABLE price AS
SELECT
    unnest($band) AS band,
    unnest($start_us) AS start_us,
    unnest($until_us) AS until_us,
    unnest($price_id) AS price_id,
    unnest($tier) AS tier,
    unnest($decides) AS decides,
    CAST(unnest($miss) AS DECIMAL(20, 15)) AS miss_usd,
    CAST(unnest($hit) AS DECIMAL(20, 15)) AS hit_usd,
    CAST(unnest($output) AS DECIMAL(20, 15)) AS output_usd
