-- A request is its last usable row, in the order of the files and lines: the row at its end replaces the one at its
-- start. `ends` over 1 means that its end was written more than once.
CREATE TABLE repeated AS
SELECT id, max(rowid) AS last_row, count(ended_us) AS ends
FROM entry
WHERE usable
GROUP BY id
HAVING count(*) > 1
