-- What importers share. Each takes the text of a field; what is none of its kind is NULL, and never 0.
-- A whole number of tokens, also as "12.0" or 1.2e3, of 0 or more.
CREATE MACRO tokens_of(x) AS CASE
    WHEN regexp_full_match(x, '[0-9]{1,15}') THEN CAST(x AS BIGINT)
    WHEN TRY_CAST(x AS DOUBLE) BETWEEN 0 AND 1e15 AND TRY_CAST(x AS DOUBLE) = floor(TRY_CAST(x AS DOUBLE))
        THEN CAST(TRY_CAST(x AS DOUBLE) AS BIGINT)
END;
-- An amount to the last digit, also as 1.2e-05.
CREATE MACRO usd_of(x) AS TRY_CAST(x AS DECIMAL(38, 15));
-- Microseconds since 1970 of an instant: ISO 8601, with a space for the T, as YYYYMMDD, or seconds, milli-, micro- or
-- nanoseconds since 1970. Without an offset it is UTC.
CREATE MACRO instant_of(x) AS CASE
    WHEN x[5] = '-' THEN CASE
        WHEN regexp_matches(x, ':[0-9]{2}([.][0-9]+)? ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$') THEN epoch_us(TRY_CAST(x AS TIMESTAMPTZ))
        ELSE epoch_us(TRY_CAST(x AS TIMESTAMP))
    END
    WHEN regexp_full_match(x, '20[0-9]{6}') THEN epoch_us(TRY_CAST(x[1:4] || '-' || x[5:6] || '-' || x[7:8] AS TIMESTAMP))
    WHEN regexp_full_match(x, '[0-9]{9,10}([.][0-9]+)?') THEN CAST(CAST(x AS DECIMAL(28, 9)) * 1000000 AS BIGINT)
    WHEN regexp_full_match(x, '[0-9]{12,13}([.][0-9]+)?') THEN CAST(CAST(x AS DECIMAL(28, 9)) * 1000 AS BIGINT)
    WHEN regexp_full_match(x, '[0-9]{15,16}') THEN CAST(x AS BIGINT)
    WHEN regexp_full_match(x, '[0-9]{18,19}') THEN CAST(x AS HUGEINT) // 1000
    WHEN regexp_matches(x, ':[0-9]{2}([.][0-9]+)? ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$') THEN epoch_us(TRY_CAST(x AS TIMESTAMPTZ))
    ELSE epoch_us(TRY_CAST(x AS TIMESTAMP))
END;
-- Whether it says yes; NULL where it says nothing.
CREATE MACRO flag_of(x) AS CASE
    WHEN lower(x) IN ('true', 't', '1', 'yes') THEN true
    WHEN lower(x) IN ('false', 'f', '0', 'no') THEN false
END;
-- A field inside the JSON of another, as text: inside(metadata, '$.usage_object.prompt_tokens').
CREATE MACRO inside(x, path) AS CASE WHEN json_valid(x) THEN x ->> path END;
-- A number as a spreadsheet writes it: "1,234,567.5", "0,000002", with blanks and quotes around it.
CREATE MACRO plain_number(x) AS CASE
    WHEN regexp_full_match(x, '[0-9.]*') THEN x
    WHEN regexp_full_match(trim(x, ' "'''), '[1-9][0-9]{0,2}(,[0-9]{3})+([.][0-9]*)?')
        THEN replace(trim(x, ' "'''), ',', '')
    WHEN regexp_full_match(trim(x, ' "'''), '[0-9]+,[0-9]+') THEN replace(trim(x, ' "'''), ',', '.')
    ELSE trim(x, ' "''')
END;
-- An object as JSON: as it is; as text in text; as Python prints it, {'a': None}; as ClickHouse and DuckDB do, {a=1}.
CREATE MACRO object_of(x) AS CASE
    WHEN x IS NULL OR x = '' THEN NULL
    WHEN json_valid(x) THEN
        CASE WHEN x[1] = '"' AND json_valid(x ->> '$') THEN x ->> '$' WHEN x[1] IN ('{', '[') THEN x END
    WHEN json_valid(regexp_replace(regexp_replace(regexp_replace(
            replace(x, '''', '"'), '\bNone\b', 'null', 'g'), '\bTrue\b', 'true', 'g'), '\bFalse\b', 'false', 'g'))
        THEN regexp_replace(regexp_replace(regexp_replace(
            replace(x, '''', '"'), '\bNone\b', 'null', 'g'), '\bTrue\b', 'true', 'g'), '\bFalse\b', 'false', 'g')
    WHEN json_valid(regexp_replace(x, '([{,] *)([A-Za-z_][A-Za-z0-9_.-]*)=', '\1"\2":', 'g'))
        THEN regexp_replace(x, '([{,] *)([A-Za-z_][A-Za-z0-9_.-]*)=', '\1"\2":', 'g')
END;
-- The object's fields at paths, all in one go, as texts; NULL where it is no JSON.
CREATE MACRO fields_of(x, paths) AS CASE WHEN json_valid(x) THEN json_extract_string(x, paths) END;
-- Whether the counts of a request contradict one another. It is kept, marked, and priced from input and output alone.
CREATE MACRO contradicts(input, hit, miss, output, thinking, total) AS
    COALESCE(hit + miss <> input, hit > input, false)
    OR COALESCE(thinking > output, false)
    OR COALESCE(total <> input + output, false);
-- The counts at paths of what is an object or NULL; one lambda, for a macro that stands twenty times takes long to plan.
CREATE MACRO counts_of(object, paths) AS list_transform(json_extract_string(object, paths), lambda text: tokens_of(text));
-- What the usage of an OpenAI-style body says, an object or NULL: usage_of(usage) AS u, then used_input(u), ...
CREATE MACRO usage_of(usage) AS counts_of(usage, [
    '$.prompt_tokens', '$.input_tokens', '$.prompt_cache_hit_tokens', '$.prompt_cache_miss_tokens',
    '$.prompt_tokens_details.cached_tokens', '$.input_tokens_details.cached_tokens', '$.cached_tokens',
    '$.cache_read_input_tokens', '$.cache_creation_input_tokens', '$.completion_tokens', '$.output_tokens',
    '$.completion_tokens_details.reasoning_tokens', '$.output_tokens_details.reasoning_tokens', '$.reasoning_tokens',
    '$.total_tokens'
]);
-- Anthropic's messages count what the cache read and wrote beside the input; OpenAI's responses within.
CREATE MACRO used_input(u) AS COALESCE(
    u[1], CASE WHEN u[6] IS NOT NULL THEN u[2] ELSE u[2] + COALESCE(u[8], 0) + COALESCE(u[9], 0) END, u[3] + u[4]
);
CREATE MACRO used_hit(u) AS COALESCE(u[3], u[5], u[6], u[7], u[8]);
CREATE MACRO used_miss(u) AS u[4];
CREATE MACRO used_output(u) AS COALESCE(u[10], u[11]);
CREATE MACRO used_thinking(u) AS COALESCE(u[12], u[13], u[14]);
CREATE MACRO used_total(u) AS u[15];
-- Who sells at an address, where that is known; a server of one's own is 'local'.
CREATE MACRO seller_at(url) AS CASE
    WHEN url IS NULL OR url = '' THEN NULL
    WHEN regexp_matches(url, '(^|[/.@])deepseek[.]com') THEN 'deepseek'
    WHEN contains(url, 'openrouter.ai') THEN 'openrouter'
    WHEN regexp_matches(url, 'together[.](ai|xyz)') THEN 'together'
    WHEN contains(url, 'fireworks.ai') THEN 'fireworks'
    WHEN contains(url, 'novita.ai') THEN 'novita'
    WHEN contains(url, 'deepinfra.com') THEN 'deepinfra'
    WHEN contains(url, 'hyperbolic.xyz') THEN 'hyperbolic'
    WHEN contains(url, 'groq.com') THEN 'groq'
    WHEN contains(url, 'sambanova.ai') THEN 'sambanova'
    WHEN contains(url, 'nebius.') THEN 'nebius'
    WHEN contains(url, 'replicate.com') THEN 'replicate'
    WHEN contains(url, 'openai.com') THEN 'openai'
    WHEN contains(url, 'anthropic.com') THEN 'anthropic'
    WHEN regexp_matches(url, '(^|//|@)(localhost|127[.]|0[.]0[.]0[.]0|\[::1\]|host[.]docker[.]internal)') THEN 'local'
END;
-- Tags from a list of texts: "team:search" is team = search, "nightly" is nightly = true; of two the first.
CREATE MACRO named_tags(texts) AS list_transform(texts, lambda t: {
    'k': split_part(t, ':', 1),
    'v': CASE WHEN contains(t, ':') THEN trim(t[position(':' IN t) + 1:]) ELSE 'true' END
});
CREATE MACRO once_each(pairs) AS
    list_filter(pairs, lambda e, i: e.k NOT IN ('', 'User-Agent') AND list_position(list_transform(pairs, lambda p: p.k), e.k) = i);
CREATE MACRO tags_of(texts) AS CASE
    WHEN json_valid(texts) AND texts[1] = '[' AND texts <> '[]'
        THEN to_json(map_from_entries(once_each(named_tags(json_extract_string(texts, '$[*]')))))
END;
-- Tags from an object: its texts and numbers by name, but those that a tool keeps there for itself.
CREATE MACRO tags_in(object, own) AS CASE WHEN json_valid(object) AND object[1] = '{' AND object <> '{}' THEN
    to_json(map_from_entries(list_filter(
        list_transform(list_distinct(json_keys(object)), lambda k: {'k': k, 'v': object ->> ('/' || replace(replace(k, '~', '~0'), '/', '~1'))}),
        lambda e: e.v IS NOT NULL AND NOT regexp_matches(e.k, own)
    )))
END;
-- Who sells a model by its name alone, where no other does; a file or a tag of Ollama's runs on one's own machine.
CREATE MACRO seller_of(model) AS CASE
    WHEN regexp_full_match(model, '(deepseek/)?deepseek-(reasoner|coder)|deepseek-(chat|flash|pro|v[4-9].*)') THEN 'deepseek'
    WHEN starts_with(model, 'accounts/fireworks/') THEN 'fireworks'
    WHEN starts_with(model, 'openrouter/') OR regexp_matches(model, '^deepseek/|^[^/]+/[^/]+:free$') THEN 'openrouter'
    WHEN regexp_matches(model, '^(gpt-|chatgpt-|o[1-9](-|$)|text-embedding-)') THEN 'openai'
    WHEN regexp_matches(model, '^claude-') THEN 'anthropic'
    WHEN regexp_matches(lower(model), '[.]gguf$|^[^/]+:[0-9.]+b') THEN 'local'
END;
-- The seller that a tool names, but where that only says how its server is spoken to, and the address says more.
CREATE MACRO seller_named(name, url) AS CASE
    WHEN COALESCE(lower(name), '') IN ('', 'openai', 'custom', 'custom_openai', 'openai_like', 'openai-compatible',
        'text-completion-openai', 'litellm_proxy', 'unknown', '_other') THEN COALESCE(seller_at(url), NULLIF(name, ''))
    ELSE name
END;
-- Input and output where cached or thinking tokens may stand beside them: what makes up the total says it.
-- 'within' both, 'cached' beside, 'thinking' beside, 'both' beside, 'neither' reading makes up the total; NULL: no total.
CREATE MACRO beside(input, output, cached, thinking, total) AS CASE
    WHEN total IS NULL OR input IS NULL OR output IS NULL THEN NULL
    WHEN total = input + output THEN 'within'
    WHEN total = input + output + COALESCE(cached, 0) THEN 'cached'
    WHEN total = input + output + COALESCE(thinking, 0) THEN 'thinking'
    WHEN total = input + output + COALESCE(cached, 0) + COALESCE(thinking, 0) THEN 'both'
    ELSE 'neither'
END;
