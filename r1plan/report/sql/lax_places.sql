-- Where the lines stand that lax_lines.sql suspects: each by its place among the lines of its file that are not blank.
WITH line AS (
    SELECT
        filename AS file,
        row_number() OVER () - 1 AS place,
        CAST(json AS VARCHAR) AS text,
        hash(json_keys(json)) AS shape
    FROM read_json_objects(
        $files,
        maximum_object_size = $line_bytes, format = 'newline_delimited', ignore_errors = true, filename = true
    )
)
SELECT file, place - min(place) OVER (PARTITION BY file) AS ordinal
FROM line
QUALIFY regexp_matches(text, ',[ \t\r]*[}\]]') OR contains(text, 'NaN') OR contains(text, 'Infinity')
    OR list_contains(CAST($shapes AS UBIGINT[]), shape)
