-- Every cell in every world: whether it can be there, and what it costs. As in priced.sql two lookups: the price at the
-- end says which instant decides, then the price at that instant is taken. An aggregate has the price that holds from
-- its beginning to its end. `moves` are lists: which world stands for a model's own in which target.
-- replay.py fills in what stands between /* and */.
WITH move AS (
    SELECT
        unnest($target) AS target,
        unnest($provider) AS provider,
        unnest($model) AS model,
        unnest($world) AS world,
        unnest($is_elsewhere) AS is_elsewhere,
        unnest($is_same) AS is_same,
        unnest($needs_clock) AS needs_clock
),
ended AS (
    SELECT
        move.* EXCLUDE (provider, model), cell.*,
        price.number AS number_before,
        CASE
            WHEN is_aggregate THEN cell.until
            WHEN price.decides = 'start' THEN cell.started
            WHEN price.decides = 'first_token' THEN cell.first_token
            ELSE cell.placed
        END AS decided
    FROM what_if_cell AS cell
    JOIN move ON cell.provider = move.provider AND cell.model = move.model
    LEFT JOIN what_if_price AS price
        ON price.world = move.world
        AND price.segment = CASE WHEN is_aggregate THEN cell.started ELSE cell.placed END
        AND cell.input_band BETWEEN price.low_band AND price.high_band
),
rated AS (
    SELECT
        ended.*,
        price.price_id AS price_there,
        price.miss_usd, price.hit_usd, price.output_usd,
        CASE
            WHEN is_elsewhere AND stays_elsewhere IS NOT NULL THEN stays_elsewhere
            WHEN NOT is_elsewhere AND stays_itself IS NOT NULL THEN stays_itself
            WHEN number_before IS NULL THEN 'no_price'
            WHEN is_aggregate AND (
                number_before IS DISTINCT FROM price.number OR price.low_band > 0 OR price.high_band < $last_band
            ) THEN 'aggregate'
            WHEN price.number IS NULL THEN 'no_price'
            WHEN is_other THEN 'other_currency'
            WHEN is_elsewhere AND NOT is_same AND NOT is_aggregate AND total_band >= context_rank THEN 'context'
            WHEN is_elsewhere AND NOT is_same AND NOT is_aggregate AND output_band >= output_rank THEN 'output'
            WHEN needs_clock AND NOT has_clock THEN 'no_clock'
        END AS stays
    FROM ended
    LEFT JOIN what_if_price AS price
        ON price.world = ended.world
        AND price.segment = ended.decided
        AND ended.input_band BETWEEN price.low_band AND price.high_band
)
SELECT
    target, provider, model, price_id, price_there, stays, is_known, tells_hits, is_split, is_aggregate,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(estimated) AS BIGINT) AS estimated,
    CAST(sum(fresh) + sum(hit) AS DECIMAL(38, 0)) AS input_tokens,
    sum(miss_usd * fresh) AS fresh_usd,
    sum(hit_usd * hit) AS hit_usd,
    sum(miss_usd * hit) AS hit_as_fresh_usd,
    sum(output_usd * written) AS output_usd,
    sum(output_usd * thought) AS thought_usd,
    /*SPARED*/
    sum(known_usd) AS known_usd
FROM rated
GROUP BY ALL
ORDER BY ALL
