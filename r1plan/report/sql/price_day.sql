-- Each price once for every UTC day of which it has a part, so that a request finds its own by equality among a few.
CREATE TABLE price_day AS
SELECT price.*, unnest(range(start_us // 86400000000, (until_us - 1) // 86400000000 + 1)) AS day
FROM price
