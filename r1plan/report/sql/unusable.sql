-- The places of the rows that are not usable among the lines of their file that are not blank.
SELECT entry.file, list(entry.rowid - first_row)
FROM entry
JOIN (SELECT file, min(rowid) AS first_row FROM entry GROUP BY file HAVING NOT bool_and(usable)) AS opening
    ON entry.file = opening.file
WHERE NOT usable
GROUP BY entry.file
