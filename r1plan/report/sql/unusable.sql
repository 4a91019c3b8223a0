-- The rows that are not usable, each by its place among the lines of its file that are not blank.
SELECT entry.file, entry.rowid - first_row AS ordinal
FROM entry
JOIN (SELECT file, min(rowid) AS first_row FROM entry GROUP BY file) AS opening ON entry.file = opening.file
WHERE NOT usable
ORDER BY entry.rowid
