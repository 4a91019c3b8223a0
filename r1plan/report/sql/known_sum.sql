-- A sum of which `unknown` amounts are missing. Where nothing but zeros is known of it, it is not known.
CREATE MACRO known_sum(known, unknown) AS
CASE WHEN COALESCE(known, 0) <> 0 OR unknown = 0 THEN COALESCE(known, 0) END
