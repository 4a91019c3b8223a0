SELECT *
    FROM read_json(
        $files,
        maximum_object_size = $line_bytes,
        format = 'newline_delimited', auto_detect = false, ignore_errors = true, records = 'true', filename = 'file',
        columns = {/*JSON*/}
    )
