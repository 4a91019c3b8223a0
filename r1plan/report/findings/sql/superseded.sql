-- The attempts that nobody needed at questions that were asked more than once within the period: all but the last that
-- came to its end.
CREATE OR REPLACE TABLE superseded AS
WITH question AS (
    SELECT DISTINCT source, attempt_of AS question FROM priced WHERE attempt_of IS NOT NULL AND attempt_of <> id
),
attempt AS (
    SELECT
        priced.source, id, question, provider, known_usd, is_uncertain, is_unbounded, uncertain_low_usd,
        uncertain_high_usd,
        row_number() OVER (
            PARTITION BY priced.source, question
            ORDER BY COALESCE(status IN ('ok', 'length'), false) DESC, placed_us DESC, id
        ) AS place,
        count(*) OVER (PARTITION BY priced.source, question) AS attempts,
        bool_or(COALESCE(status IN ('ok', 'length'), false)) OVER (PARTITION BY priced.source, question) AS is_answered
    FROM priced
    JOIN question
        ON COALESCE(attempt_of, id) = question AND priced.source IS NOT DISTINCT FROM question.source
    WHERE requests = 1 AND span_us = 0
)
SELECT * EXCLUDE (place, attempts)
FROM attempt
WHERE attempts > 1 AND (place > 1 OR NOT is_answered)
