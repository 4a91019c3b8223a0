-- The requests of the period that are billed in the report's currency. `is_plain`: it is one request with one price, and
-- nothing else says what it cost (plain_row.sql). cube.py fills in what stands between /* and */.
CREATE VIEW request AS
SELECT
    entry.*/*STORED*/,
    rowid AS row,
    COALESCE(ended_us, started_us) AS placed_us,
    span_us > 0 OR requests IS DISTINCT FROM 1 AS is_aggregate,
    /*PLAIN*/ AS is_plain
FROM entry
WHERE usable AND placed_us >= $start_us AND placed_us < $until_us
    AND COALESCE(currency, CASE WHEN list_contains(CAST($yuan AS VARCHAR[]), provider) THEN 'CNY' ELSE 'USD' END)
        = CASE WHEN $in_yuan THEN 'CNY' ELSE 'USD' END
