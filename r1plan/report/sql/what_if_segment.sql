-- The time line cut wherever a price of another world changes, as a list of starts; and each stretch in slots of equal
-- length, so that a request finds its own by an equality.
CREATE OR REPLACE TABLE what_if_segment AS
WITH cut AS (
    SELECT generate_subscripts($starts_us, 1) - 1 AS segment, unnest($starts_us) AS start_us, unnest($untils_us) AS until_us
)
SELECT segment, start_us, until_us, unnest(range(start_us // $slot_us, (until_us - 1) // $slot_us + 1)) AS slot
FROM cut
