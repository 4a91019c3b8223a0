-- What the plain requests cost: the price of many is the price times their tokens. As priced.sql says it of one.
CREATE OR REPLACE VIEW plain_priced AS
WITH known AS (
    SELECT
        plain.*,
        price_id, tier, miss_usd, hit_usd, output_usd,
        price_id IS NOT NULL AS is_billed,
        NOT is_billed AND is_costed IS NOT NULL AS is_here,
        NOT is_billed AND NOT is_here AND is_used AS is_unpriced,
        is_here AND NOT is_costed AS is_uncosted,
        -- Of as many rows it is not known what they cost.
        CASE WHEN is_unpriced OR is_uncosted THEN requests ELSE 0 END AS untold,
        CAST(COALESCE(input_tokens - COALESCE(hit_tokens, 0), 0) AS DECIMAL(18, 0)) AS fresh,
        CAST(COALESCE(hit_tokens, 0) AS DECIMAL(18, 0)) AS cached,
        CAST(output_tokens AS DECIMAL(18, 0)) AS written,
        CAST(COALESCE(thought_tokens, 0) AS DECIMAL(18, 0)) AS thought,
        CAST(COALESCE(unsplit_output_tokens, 0) AS DECIMAL(18, 0)) AS unsplit
    FROM plain
    LEFT JOIN band ON plain.provider = band.provider AND plain.model = band.model
        AND longest_input_tokens > band.input_above AND longest_input_tokens <= band.input_up_to
    LEFT JOIN price_day AS price
        ON band.band = price.band AND first_us // 86400000000 = price.day
        AND first_us >= price.start_us AND first_us < price.until_us
)
SELECT
    known.* EXCLUDE (
        step, is_costed, is_used, is_told, input_band, longest_input_tokens, thought_tokens, unknown_thought, own_usd,
        known_energy, miss_usd, hit_usd, output_usd, is_uncosted, untold, fresh, cached, written, thought, unsplit, tool_usd
    ),
    0 AS span_us,
    first_us AS placed_us,
    first_us // 900000000 AS quarter,
    false AS is_uncertain,
    true AS is_hourly,
    requests AS row_count,
    requests AS counted,
    CASE
        WHEN is_billed THEN miss_usd * fresh + hit_usd * cached + output_usd * written
        WHEN is_here THEN own_usd
        WHEN NOT is_unpriced THEN 0
    END AS known_usd,
    CASE WHEN is_billed THEN miss_usd * fresh WHEN untold = 0 THEN 0 END AS input_miss_usd,
    CASE WHEN is_billed THEN hit_usd * cached WHEN untold = 0 THEN 0 END AS cache_hit_usd,
    CASE WHEN is_billed THEN output_usd * thought WHEN untold = 0 THEN 0 END AS thinking_usd,
    CASE WHEN is_billed THEN output_usd * (written - unsplit - thought) WHEN untold = 0 THEN 0 END AS answer_usd,
    CASE WHEN is_billed THEN output_usd * unsplit WHEN untold = 0 THEN 0 END AS thinking_unknown_usd,
    CASE WHEN is_billed THEN (miss_usd - hit_usd) * cached WHEN untold = 0 THEN 0 END AS cache_saving_usd,
    CASE WHEN untold = 0 THEN 0 END AS charged_usd,
    CASE WHEN is_here THEN own_usd WHEN untold = 0 THEN 0 END AS energy_usd,
    untold AS unknown_known_usd,
    untold AS unknown_input_miss_usd,
    untold AS unknown_cache_hit_usd,
    CASE WHEN is_billed THEN unknown_thought ELSE untold END AS unknown_thinking_usd,
    CASE WHEN is_billed THEN unknown_thought ELSE untold END AS unknown_answer_usd,
    untold AS unknown_thinking_unknown_usd,
    untold AS unknown_cache_saving_usd,
    untold AS unknown_charged_usd,
    CASE WHEN is_here THEN untold END AS unknown_energy_usd,
    CASE WHEN is_here THEN requests - known_energy END AS unknown_energy_wh,
    CASE WHEN is_told AND untold = 0 THEN requests END AS told_requests,
    CASE WHEN untold = 0 THEN known.tool_usd END AS tool_usd,
    CASE WHEN is_told THEN known_usd END AS told_usd,
    CASE WHEN is_uncosted THEN requests END AS uncosted_requests,
    CASE WHEN is_unpriced THEN requests END AS unpriced_requests
FROM known
