SELECT * EXCLUDE (file, file_row_number), $number AS file, $number * 1099511627776 + file_row_number AS place
FROM read_parquet($path, file_row_number = true)
