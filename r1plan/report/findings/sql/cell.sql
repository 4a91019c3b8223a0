-- The sums of the table `cube` as findings read them. What a row counts of its thinking is in `thinking_tokens` and
-- `answer_tokens` where it can be true.
CREATE OR REPLACE VIEW finding_cell AS
SELECT
    quarter, source, provider, model, served, price_id, tier, status, end_reason,
    is_billed, is_uncertain, is_here, is_eaten, is_split,
    first_us, last_us, longest_tokens,
    counted AS requests,
    COALESCE(known_usd, 0) AS known_usd,
    COALESCE(input_tokens, 0) AS input_tokens,
    COALESCE(hit_tokens, 0) AS hit_tokens,
    COALESCE(output_tokens, 0) AS output_tokens,
    CASE WHEN is_split THEN thinking_tokens ELSE 0 END AS thinking_tokens,
    CASE WHEN is_split THEN output_tokens - thinking_tokens ELSE 0 END AS answer_tokens,
    CASE WHEN is_split THEN COALESCE(thinking_usd, 0) ELSE 0 END AS thinking_usd,
    COALESCE(told_requests, 0) AS told_requests,
    COALESCE(tool_usd, 0) AS tool_usd,
    COALESCE(told_usd, 0) AS told_usd
FROM cube
