-- What importers share. Each takes the text of a field; what is none of its kind is NULL, and never 0.
-- A whole number of tokens, also as "12.0" or 1.2e3, of 0 or more.
CREATE MACRO tokens_of(x) AS CASE
    WHEN regexp_full_match(x, '[0-9]{1,15}') THEN CAST(x AS BIGINT)
    WHEN TRY_CAST(x AS DOUBLE) BETWEEN 0 AND 1e15 AND TRY_CAST(x AS DOUBLE) = floor(TRY_CAST(x AS DOUBLE))
        THEN CAST(TRY_CAST(x AS DOUBLE) AS BIGINT)
END;
-- An amount to the last digit, also as 1.2e-05.
CREATE MACRO usd_of(x) AS TRY_CAST(x AS DECIMAL(38, 15));
-- Microseconds since 1970 of an instant: ISO 8601, with a space for the T, as YYYYMMDD, or seconds, milli-, micro- or
-- nanoseconds since 1970. Without an offset it is UTC.
CREATE MACRO instant_of(x) AS CASE
    WHEN regexp_full_match(x, '20[0-9]{6}') THEN epoch_us(TRY_CAST(x[1:4] || '-' || x[5:6] || '-' || x[7:8] AS TIMESTAMP))
    WHEN regexp_full_match(x, '[0-9]{9,10}([.][0-9]+)?') THEN CAST(CAST(x AS DECIMAL(28, 9)) * 1000000 AS BIGINT)
    WHEN regexp_full_match(x, '[0-9]{12,13}([.][0-9]+)?') THEN CAST(CAST(x AS DECIMAL(28, 9)) * 1000 AS BIGINT)
    WHEN regexp_full_match(x, '[0-9]{15,16}') THEN CAST(x AS BIGINT)
    WHEN regexp_full_match(x, '[0-9]{18,19}') THEN CAST(x AS HUGEINT) // 1000
    WHEN regexp_matches(x, ':[0-9]{2}([.][0-9]+)? ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$') THEN epoch_us(TRY_CAST(x AS TIMESTAMPTZ))
    ELSE epoch_us(TRY_CAST(x AS TIMESTAMP))
END;
-- Whether it says yes; NULL where it says nothing.
CREATE MACRO flag_of(x) AS CASE
    WHEN lower(x) IN ('true', 't', '1', 'yes') THEN true
    WHEN lower(x) IN ('false', 'f', '0', 'no') THEN false
END;
-- A field inside the JSON of another, as text: inside(metadata, '$.usage_object.prompt_tokens').
CREATE MACRO inside(x, path) AS CASE WHEN json_valid(x) THEN x ->> path END;
