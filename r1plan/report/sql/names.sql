-- The names that need prices, and from when until when: a request may be priced by its start.
SELECT
    provider,
    model,
    min(LEAST(started_us, COALESCE(ended_us, started_us))) AS first_us,
    max(GREATEST(started_us + span_us, COALESCE(ended_us, started_us))) AS last_us
FROM entry
WHERE usable AND COALESCE(ended_us, started_us) >= $start_us AND COALESCE(ended_us, started_us) < $until_us
GROUP BY provider, model
ORDER BY provider, model
