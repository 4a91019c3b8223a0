-- The aggregates of the period by all prices at which their requests may have been made: any of their time, and of any
-- length of input that one of them may have had. Where they come to one amount, that is the cost, and `price_id` one of
-- them; else it is NULL and there are bounds, but for an aggregate of which a part has no price.
CREATE TABLE spanned AS
WITH aggregate AS (
    SELECT
        rowid AS row, provider, model, requests, input_tokens, started_us,
        GREATEST(started_us + GREATEST(span_us, 1), COALESCE(ended_us + 1, 0)) AS end_us,
        CAST(COALESCE(input_tokens, 0) AS DECIMAL(18, 0)) AS entire,
        CAST(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END AS DECIMAL(18, 0)) AS hit,
        CAST(COALESCE(output_tokens, 0) AS DECIMAL(18, 0)) AS written
    FROM entry
    WHERE usable AND (span_us > 0 OR requests IS DISTINCT FROM 1)
        AND COALESCE(ended_us, started_us) >= $start_us AND COALESCE(ended_us, started_us) < $until_us
),
aggregate_day AS (
    SELECT
        aggregate.*, band.band,
        unnest(range(started_us // 86400000000, (end_us - 1) // 86400000000 + 1)) AS day
    FROM aggregate JOIN band ON aggregate.provider = band.provider AND aggregate.model = band.model
        AND COALESCE(input_tokens, band.input_above + 1) > band.input_above
        AND (requests IS DISTINCT FROM 1 OR input_tokens IS NULL OR input_tokens <= band.input_up_to)
),
held AS (
    SELECT
        row, aggregate_day.band, end_us - started_us AS long_us, entire, hit, written,
        LEAST(end_us, until_us, (aggregate_day.day + 1) * 86400000000)
            - GREATEST(started_us, start_us, aggregate_day.day * 86400000000) AS held_us,
        price_id, miss_usd, hit_usd, output_usd
    FROM aggregate_day JOIN price_day ON aggregate_day.band = price_day.band AND aggregate_day.day = price_day.day
    WHERE started_us < until_us AND start_us < end_us AND held_us > 0
),
bounded AS (
    SELECT
        row,
        sum(held_us) = any_value(long_us) * count(DISTINCT band) AS is_covered,
        min(price_id) AS price_id,
        min(miss_usd) AS miss_usd, min(hit_usd) AS hit_usd, min(output_usd) AS output_usd,
        min(miss_usd) * (any_value(entire) - any_value(hit)) + min(hit_usd) * any_value(hit)
            + min(output_usd) * any_value(written) AS low_usd,
        max(miss_usd) * (any_value(entire) - any_value(hit)) + max(hit_usd) * any_value(hit)
            + max(output_usd) * any_value(written) AS high_usd
    FROM held
    GROUP BY row
)
SELECT
    row,
    CASE WHEN is_covered AND low_usd = high_usd THEN price_id END AS price_id,
    miss_usd, hit_usd, output_usd,
    CASE WHEN is_covered THEN low_usd END AS low_usd,
    CASE WHEN is_covered THEN high_usd END AS high_usd
FROM bounded
