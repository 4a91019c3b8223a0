-- The sellers by number, the dearest first.
CREATE TABLE series_seller AS
SELECT
    provider,
    model,
    row_number() OVER (ORDER BY sum(cost_usd) DESC, sum(requests) DESC, provider, model) - 1 AS seller
FROM series_hour
GROUP BY provider, model
