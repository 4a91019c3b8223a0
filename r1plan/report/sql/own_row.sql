-- The place of a row is in the order of the files and lines.
SELECT *, file * 1099511627776 + rowid AS place FROM logged
