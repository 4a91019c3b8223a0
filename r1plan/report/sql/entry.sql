-- One row a log line, for the table logged, in the order of the files and lines. Every column is read as JSON, so that nothing is coerced:
-- a malformed line is a row of NULLs. `usable` decides what is a row; invalid_line.py only finds the cause.
-- entry_table.py fills in what stands between /* and */ from the table of the columns, ledger/schema.py. A check is a
-- regular expression and no list for IN: from the fifth value on DuckDB makes a join of that, which loses the order of
-- the lines.
WITH line AS (
    /*LINES*/
)
SELECT
    *,
    /*PLAIN*/ AS is_plain
FROM (
    SELECT
        CAST(/*FILE*/ AS INTEGER) AS file,
        /*VALUES*/,
        COALESCE(
            /*CHECKS*/,
            false
        ) AS usable
    FROM line
)
