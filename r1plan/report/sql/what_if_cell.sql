-- The requests, read once, as sums over those that no world tells apart: their model and price, what stretch of time and
-- which bands of lengths they are in, and what is known of them. What follows is linear in these tokens.
-- replay.py fills in what stands between /* and */.
CREATE OR REPLACE TABLE what_if_cell AS
WITH request AS (
    SELECT
        *,
        span_us > 0 OR requests IS DISTINCT FROM 1 AS is_aggregate,
        CAST(COALESCE(input_tokens, 0) AS DECIMAL(18, 0)) AS entire,
        -- As the report bills them: an unknown or impossible part is the whole it belongs to.
        CAST(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END AS DECIMAL(18, 0)) AS hit,
        CAST(COALESCE(output_tokens, 0) AS DECIMAL(18, 0)) AS written,
        CAST(
            CASE WHEN output_tokens = 0 THEN 0 WHEN thinking_tokens <= output_tokens THEN thinking_tokens END
            AS DECIMAL(18, 0)
        ) AS thought,
        CASE
            WHEN status = 'started' OR ended_us IS NULL AND NOT is_aggregate THEN 'not_ended'
            WHEN status IN ('aborted', 'failed') THEN status
        END AS broken_off
    FROM priced
)
SELECT
    provider, model, price_id, is_aggregate,
    CASE
        WHEN broken_off IS NOT NULL THEN broken_off
        WHEN input_tokens IS NULL OR output_tokens IS NULL THEN 'tokens_unknown'
    END AS stays_elsewhere,
    CASE
        WHEN is_uncertain THEN COALESCE(broken_off, CASE WHEN is_aggregate THEN 'aggregate' ELSE 'not_ended' END)
        WHEN provider = 'local' THEN 'local'
    END AS stays_itself,
    known_usd IS NOT NULL AS is_known,
    cache_hit_tokens IS NOT NULL AS tells_hits,
    thought IS NOT NULL AS is_split,
    placed.segment AS placed,
    /*STARTED*/ AS started,
    /*FIRST*/ AS first_token,
    /*UNTIL*/ AS until,
    /*INPUT*/ AS input_band,
    /*TOTAL*/ AS total_band,
    /*OUTPUT*/ AS output_band,
    COALESCE(sum(requests), 0) AS requests,
    COALESCE(sum(requests) FILTER (is_estimated), 0) AS estimated,
    sum(entire - hit) AS fresh,
    sum(hit) AS hit,
    sum(written) AS written,
    COALESCE(sum(thought), 0) AS thought,
    /*CAPPED*/
    sum(known_usd) AS known_usd
FROM request
JOIN what_if_segment AS placed
    ON placed_us // $slot_us = placed.slot AND placed_us >= placed.start_us AND placed_us < placed.until_us
/*JOINS*/
GROUP BY ALL
