-- The requests as one's own machine is asked for them, read once: why one cannot be there, and its lengths. As in
-- what_if_cell.sql an unknown or impossible part is the whole it belongs to.
CREATE OR REPLACE TEMP VIEW what_if_load AS
SELECT
    provider, model, price_id, started_us, known_usd, is_estimated,
    span_us > 0 OR requests IS DISTINCT FROM 1 AS is_aggregate,
    COALESCE(requests, 0) AS number,
    CAST(input_tokens AS DOUBLE) AS entire,
    CAST(CASE WHEN cache_hit_tokens <= input_tokens THEN cache_hit_tokens ELSE 0 END AS DOUBLE) AS hit,
    CAST(output_tokens AS DOUBLE) AS written,
    CAST(
        CASE WHEN output_tokens = 0 THEN 0 WHEN thinking_tokens <= output_tokens THEN thinking_tokens END AS DOUBLE
    ) AS thought,
    CASE
        WHEN status = 'started' OR ended_us IS NULL AND NOT is_aggregate THEN 'not_ended'
        WHEN status IN ('aborted', 'failed') THEN status
        WHEN input_tokens IS NULL OR output_tokens IS NULL THEN 'tokens_unknown'
    END AS stays
FROM priced
