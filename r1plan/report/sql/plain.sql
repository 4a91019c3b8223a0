-- The plain requests as sums over those that have one price: within `step_us` no price begins or ends, nor a day of the
-- report's. cube.py fills in what stands between /* and */.
CREATE OR REPLACE TABLE plain AS
SELECT
    /*RAW*/
    source, provider, model, served, status, end_reason,
    placed_us // $step_us AS step,
    COALESCE(status = 'length' AND output_tokens > 0 AND thinking_tokens >= output_tokens - output_tokens // 20, false)
        AS is_eaten,
    COALESCE(thinking_tokens <= output_tokens AND output_tokens > 0, false) AS is_split,
    -- What was run here costs what it says, and may not say it.
    CASE WHEN provider = 'local' THEN cost_usd IS NOT NULL END AS is_costed,
    input_tokens > 0 OR output_tokens > 0 AS is_used,
    tool_usd IS NOT NULL AS is_told,
    /*BANDS*/ AS input_band,
    count(*) AS requests,
    sum(input_tokens) AS input_tokens,
    max(input_tokens) AS longest_input_tokens,
    sum(cache_hit_tokens) AS cache_hit_tokens,
    sum(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens END) AS hit_tokens,
    sum(output_tokens) AS output_tokens,
    max(output_tokens) AS longest_tokens,
    sum(thinking_tokens) AS thinking_tokens,
    sum(CASE WHEN thinking_tokens IS NULL OR thinking_tokens > output_tokens THEN output_tokens END) AS unsplit_output_tokens,
    -- An unknown or impossible part is billed as the whole it belongs to.
    sum(CASE WHEN thinking_tokens <= output_tokens THEN thinking_tokens END) AS thought_tokens,
    count(CASE WHEN (thinking_tokens <= output_tokens) IS NOT TRUE AND output_tokens > 0 THEN 1 END) AS unknown_thought,
    sum(CASE WHEN provider = 'local' THEN cost_usd END) AS own_usd,
    sum(tool_usd) AS tool_usd,
    sum(energy_wh) AS energy_wh,
    count(energy_wh) AS known_energy,
    count(CASE WHEN /*PARTS*/ THEN 1 END) AS impossible_usage,
    min(placed_us) AS first_us,
    max(placed_us) AS last_us
FROM request
WHERE is_plain
GROUP BY ALL
