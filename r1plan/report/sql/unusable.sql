-- The places of the rows that are not usable among the lines of their file that are not blank.
SELECT logged.file, list(logged.rowid - first_row)
FROM logged
JOIN (SELECT file, min(rowid) AS first_row FROM logged GROUP BY file HAVING NOT bool_and(usable)) AS opening
    ON logged.file = opening.file
WHERE NOT usable
GROUP BY logged.file
