-- The days of the period's time zone, each from its midnight.
CREATE TABLE day AS SELECT unnest($start_us) AS start_us, unnest($day) AS day
