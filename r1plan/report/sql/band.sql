-- A band is one name and one range of input lengths, given as lists.
CREATE TABLE band AS
SELECT
    unnest($band) AS band,
    unnest($provider) AS provider,
    unnest($model) AS model,
    unnest($input_above) AS input_above,
    unnest($input_up_to) AS input_up_to
