-- A request is one row: the one at its end replaces the one at its beginning, wherever they stand; of several ends the
-- last in the order of the files and lines counts. `ends` over 1 means that its end was written more than once. Ids are
-- compared whole only where their hashes are equal.
CREATE TABLE repeated AS
WITH shared AS (
    SELECT hash(id) AS hashed
    FROM own_row
    WHERE usable
    GROUP BY hashed
    HAVING count(*) > 1
)
SELECT
    id,
    COALESCE(max(CASE WHEN ended_us IS NOT NULL THEN place END), max(place)) AS last_place,
    count(ended_us) AS ends
FROM own_row
WHERE usable AND hash(id) IN (SELECT hashed FROM shared)
GROUP BY id
HAVING count(*) > 1
