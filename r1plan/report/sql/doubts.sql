-- What a reader must know beside the sums. Of a row that does not say how many requests it is, one is counted. entry_table.py fills in what stands between /* and */.
SELECT
    min(placed_us) AS first_us,
    max(placed_us) AS last_us,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (
        NOT is_uncertain AND NOT is_charged AND (input_tokens IS NULL OR output_tokens IS NULL)
    ), 0) AS unknown_tokens,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (/*PARTS*/), 0) AS impossible_usage,
    count(*) FILTER (requests IS NULL) AS unknown_requests,
    COALESCE(sum(COALESCE(requests, 1)) FILTER (has_several_prices), 0) AS several_prices
FROM priced
