-- A request is one row: the one at its end replaces the one at its beginning, wherever they stand; of several ends the
-- last in the order of the files and lines counts. `ends` over 1 means that its end was written more than once.
CREATE TABLE repeated AS
SELECT id, COALESCE(max(rowid) FILTER (ended_us IS NOT NULL), max(rowid)) AS last_row, count(ended_us) AS ends
FROM entry
WHERE usable
GROUP BY id
HAVING count(*) > 1
