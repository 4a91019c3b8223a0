-- How long single requests thought, in powers of two.
CREATE TABLE series_length AS
SELECT
    slot.day,
    provider,
    model,
    CASE WHEN thinking_tokens = 0 THEN 0 ELSE LEAST(1 + CAST(floor(log2(thinking_tokens)) AS INTEGER), $longest) END AS bin,
    count(*) AS requests
FROM request ASOF JOIN slot ON request.placed_us >= slot.start_us
WHERE thinking_tokens IS NOT NULL AND span_us = 0 AND requests = 1
GROUP BY ALL
