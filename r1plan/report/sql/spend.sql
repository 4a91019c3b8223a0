-- Sums over the priced requests, one row a group; the totals are the one group of no keys. A part of the cost that is
-- NULL is not known; uncertain requests are told apart and in neither. cube.py fills in what stands between /* and */.
SELECT
    /*KEYS*/
    COALESCE(sum(row_count), 0) AS row_count,
    /*COUNTS*/,
    /*MONEY*/,
    COALESCE(sum(unknown_cache_saving_usd), 0) - COALESCE(sum(unknown_known_usd), 0) AS cache_saving_unknown_rows,
    sum(reported_usd) AS reported_usd
FROM cube
