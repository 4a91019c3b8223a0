-- How many requests of the period are billed in another currency than the report's.
SELECT count(*)
FROM entry
WHERE usable
    AND COALESCE(ended_us, started_us) >= $start_us AND COALESCE(ended_us, started_us) < $until_us
    AND list_contains(CAST($yuan AS VARCHAR[]), provider) <> $in_yuan
