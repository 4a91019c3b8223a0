-- Whether a price or a day begins within one of the steps by which `plain` is summed.
SELECT count(*) > 0
FROM (SELECT start_us AS edge_us FROM price UNION SELECT until_us FROM price /*DAYS*/) AS edge
JOIN plain ON edge_us > first_us AND edge_us <= last_us
