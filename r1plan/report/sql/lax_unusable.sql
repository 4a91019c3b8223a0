UPDATE entry SET usable = false
WHERE file = $file AND list_contains($lax, rowid - (SELECT min(rowid) FROM entry WHERE file = $file))
