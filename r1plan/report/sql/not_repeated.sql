DELETE FROM logged USING repeated
WHERE logged.id = repeated.id AND usable AND file * 1099511627776 + logged.rowid <> last_place
