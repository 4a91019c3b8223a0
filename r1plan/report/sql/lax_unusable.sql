UPDATE logged SET usable = false
WHERE file = $file AND list_contains($lax, rowid - (SELECT min(rowid) FROM logged WHERE file = $file))
