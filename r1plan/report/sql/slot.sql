-- The hours of the report's time zone, each from its start.
CREATE TABLE slot AS
SELECT unnest($start_us) AS start_us, CAST(unnest($day) AS DATE) AS day, unnest($hour) AS hour
