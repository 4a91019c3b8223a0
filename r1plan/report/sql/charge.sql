-- What was charged, by day and kind of usage: a row for each unit price, as far as it can be told from sums. Requests
-- that cost an unknown amount are rows of their own, with its bounds.
WITH part AS (
    SELECT
        slot.day, provider, model, served, project, key, price_id,
        CASE WHEN CAST(tags AS VARCHAR) <> '{}' THEN CAST(tags AS VARCHAR) END AS tags,
        CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END AS cached,
        COALESCE(output_tokens, 0) AS written,
        CASE WHEN output_tokens = 0 THEN 0 WHEN thinking_tokens <= output_tokens THEN thinking_tokens END AS thought,
        unnest([
            {'kind': 'fresh_input', 'quantity': CAST(COALESCE(input_tokens, 0) - cached AS DECIMAL(38, 15)), 'usd': input_miss_usd},
            {'kind': 'cached_input', 'quantity': CAST(cached AS DECIMAL(38, 15)), 'usd': cache_hit_usd},
            {'kind': 'thinking', 'quantity': CAST(thought AS DECIMAL(38, 15)), 'usd': thinking_usd},
            {'kind': 'answer', 'quantity': CAST(written - thought AS DECIMAL(38, 15)), 'usd': answer_usd},
            {'kind': 'output', 'quantity': CAST(CASE WHEN thought IS NULL THEN written END AS DECIMAL(38, 15)), 'usd': thinking_unknown_usd},
            {'kind': 'requests', 'quantity': CAST(requests AS DECIMAL(38, 15)), 'usd': charged_usd},
            {'kind': 'electricity', 'quantity': CAST(energy_wh AS DECIMAL(38, 15)), 'usd': energy_usd}
        ], recursive := true)
    FROM priced ASOF JOIN slot ON priced.placed_us >= slot.start_us
    WHERE known_usd IS NOT NULL
),
charged AS (
    SELECT *, CAST(CAST(usd AS DOUBLE) / CAST(quantity AS DOUBLE) AS DECIMAL(20, 15)) AS per_unit
    FROM part
    WHERE usd <> 0 OR usd = 0 AND quantity > 0 AND price_id IS NOT NULL AND kind NOT IN ('requests', 'electricity')
)
SELECT
    day, provider, model, served, project, key, tags, price_id, kind,
    CASE WHEN kind <> 'requests' AND per_unit * CAST(quantity AS DECIMAL(18, 0)) = usd THEN per_unit END AS unit_usd,
    sum(quantity) AS quantity,
    sum(usd) AS usd,
    CAST(NULL AS DECIMAL(38, 15)) AS low_usd,
    CAST(NULL AS DECIMAL(38, 15)) AS high_usd
FROM charged
GROUP BY ALL
UNION ALL BY NAME
SELECT
    slot.day, provider, model, served, project, key,
    CASE WHEN CAST(tags AS VARCHAR) <> '{}' THEN CAST(tags AS VARCHAR) END AS tags,
    price_id,
    CASE WHEN is_uncertain THEN 'uncertain' WHEN is_unpriced THEN 'unpriced' ELSE 'uncosted' END AS kind,
    CAST(sum(requests) AS DECIMAL(38, 15)) AS quantity,
    CASE WHEN count(uncertain_low_usd) = count(*) THEN sum(uncertain_low_usd) END AS low_usd,
    CASE WHEN count(uncertain_high_usd) = count(*) AND NOT bool_or(is_unbounded) THEN sum(uncertain_high_usd) END AS high_usd
FROM priced ASOF JOIN slot ON priced.placed_us >= slot.start_us
WHERE known_usd IS NULL
GROUP BY ALL
ORDER BY ALL
