WHERE NOT EXISTS (SELECT 1 FROM replaced WHERE replaced.place = own_row.place)
