-- What a reader must know beside the sums. entry_table.py fills in what stands between /* and */.
SELECT
    min(placed_us) AS first_us,
    max(placed_us) AS last_us,
    count(*) FILTER (NOT is_uncertain AND (input_tokens IS NULL OR output_tokens IS NULL)) AS unknown_tokens,
    count(*) FILTER (/*PARTS*/) AS impossible_usage
FROM priced
