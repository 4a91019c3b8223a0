DELETE FROM entry USING repeated
WHERE entry.id = repeated.id AND usable AND file * 1099511627776 + entry.rowid <> last_place
