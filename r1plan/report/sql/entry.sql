-- One row a log line, in the order of the files and lines. Every column is read as JSON, so that nothing is coerced:
-- a malformed line is a row of NULLs. `usable` decides what is a r1plan.usage/1 row; badline.py only names the reason.
-- INSTANT is the pattern of an instant, filled in from badline.py.
CREATE TABLE entry AS
WITH line AS (
    SELECT *
    FROM read_json(
        $files,
        format = 'newline_delimited', auto_detect = false, ignore_errors = true, records = 'true', filename = 'file',
        columns = {
            schema: 'JSON', id: 'JSON', started_at: 'JSON', first_token_at: 'JSON', ended_at: 'JSON',
            provider: 'JSON', model_requested: 'JSON', project: 'JSON', tags: 'JSON', status: 'JSON',
            input_tokens: 'JSON', cache_hit_tokens: 'JSON', output_tokens: 'JSON', thinking_tokens: 'JSON',
            cost_usd: 'JSON', cost_low_usd: 'JSON', cost_high_usd: 'JSON', energy_wh: 'JSON',
            forecast_p50_usd: 'JSON', forecast_p90_usd: 'JSON'
        }
    )
),
plain AS (
    SELECT
        file,
        id ->> '$' AS id,
        provider ->> '$' AS provider,
        model_requested ->> '$' AS model,
        project ->> '$' AS project,
        tags,
        status ->> '$' AS status,
        epoch_us(TRY_CAST(started_at ->> '$' AS TIMESTAMPTZ)) AS started_us,
        epoch_us(TRY_CAST(first_token_at ->> '$' AS TIMESTAMPTZ)) AS first_token_us,
        epoch_us(TRY_CAST(ended_at ->> '$' AS TIMESTAMPTZ)) AS ended_us,
        TRY_CAST(CAST(input_tokens AS VARCHAR) AS BIGINT) AS input_tokens,
        TRY_CAST(CAST(cache_hit_tokens AS VARCHAR) AS BIGINT) AS cache_hit_tokens,
        TRY_CAST(CAST(output_tokens AS VARCHAR) AS BIGINT) AS output_tokens,
        TRY_CAST(CAST(thinking_tokens AS VARCHAR) AS BIGINT) AS thinking_tokens,
        TRY_CAST(cost_usd ->> '$' AS DECIMAL(38, 15)) AS cost_usd,
        TRY_CAST(cost_low_usd ->> '$' AS DECIMAL(38, 15)) AS cost_low_usd,
        TRY_CAST(cost_high_usd ->> '$' AS DECIMAL(38, 15)) AS cost_high_usd,
        TRY_CAST(energy_wh ->> '$' AS DECIMAL(38, 15)) AS energy_wh,
        TRY_CAST(forecast_p50_usd ->> '$' AS DECIMAL(38, 15)) AS forecast_p50_usd,
        TRY_CAST(forecast_p90_usd ->> '$' AS DECIMAL(38, 15)) AS forecast_p90_usd,
        CAST(schema AS VARCHAR) = '"r1plan.usage/1"'
            AND regexp_matches(CAST(id AS VARCHAR), '^".+"$')
            AND regexp_matches(CAST(provider AS VARCHAR), '^".+"$')
            AND regexp_matches(CAST(model_requested AS VARCHAR), '^".+"$')
            -- No list for IN: from the fifth value on DuckDB makes a join of it, which loses the order of the lines.
            AND regexp_matches(CAST(status AS VARCHAR), '^"(ok|length|aborted|failed|started)"$')
            AND (project IS NULL OR starts_with(CAST(project AS VARCHAR), '"'))
            AND (tags IS NULL OR starts_with(CAST(tags AS VARCHAR), '{'))
            AND regexp_matches(CAST(started_at AS VARCHAR), '^"INSTANT"$')
            AND (first_token_at IS NULL OR regexp_matches(CAST(first_token_at AS VARCHAR), '^"INSTANT"$'))
            AND (ended_at IS NULL OR regexp_matches(CAST(ended_at AS VARCHAR), '^"INSTANT"$'))
            AND (input_tokens IS NULL OR regexp_matches(CAST(input_tokens AS VARCHAR), '^[0-9]{1,18}$'))
            AND (cache_hit_tokens IS NULL OR regexp_matches(CAST(cache_hit_tokens AS VARCHAR), '^[0-9]{1,18}$'))
            AND (output_tokens IS NULL OR regexp_matches(CAST(output_tokens AS VARCHAR), '^[0-9]{1,18}$'))
            AND (thinking_tokens IS NULL OR regexp_matches(CAST(thinking_tokens AS VARCHAR), '^[0-9]{1,18}$'))
            AND (cost_low_usd IS NULL
                OR regexp_matches(CAST(cost_low_usd AS VARCHAR), '^"[0-9]{1,18}([.][0-9]{1,15})?"$'))
            AND (cost_high_usd IS NULL
                OR regexp_matches(CAST(cost_high_usd AS VARCHAR), '^"[0-9]{1,18}([.][0-9]{1,15})?"$'))
            AS well_formed,
        first_token_at IS NOT NULL AS has_first_token,
        ended_at IS NOT NULL AS has_end
    FROM line
)
SELECT
    * EXCLUDE (well_formed, has_first_token, has_end),
    -- A day such as 30 February has the form of an instant and is none.
    COALESCE(
        well_formed
            AND started_us IS NOT NULL
            AND has_first_token = (first_token_us IS NOT NULL)
            AND has_end = (ended_us IS NOT NULL),
        false
    ) AS usable
FROM plain
