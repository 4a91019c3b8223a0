"""DeepSeek's own export: what it billed a day, by model and API key (`amount-*.csv`) and by wallet (`cost-*.csv`).

A line of an amount file is a day × model × key × kind of tokens × price; amount × price is the exact bill. A row of the
report is a day × model × key with the sums of its lines; the lines themselves are `BILL_LINES`. Only the cost file names
the currency, and repeats the money: `_SETTLED` puts the two together. Days are UTC (`utc_date`), or cut where
`start_time_iso` says.
"""

from __future__ import annotations

from r1plan.report.importers.importer import Importer, RecordShape

_DAY_US = 86_400_000_000
# A day's first instant and its length, of either kind of file. pandas writes a day as 20260601.0.
_DAY = f"""
        COALESCE(instant_of(start_time_iso), instant_of(regexp_replace(utc_date, '[.]0$', ''))) AS day_us,
        CASE
            WHEN instant_of(end_time_iso) > day_us THEN instant_of(end_time_iso) - day_us ELSE {_DAY_US}
        END AS day_long_us,
        md5(COALESCE(user_id, ''))[1:12] AS account,
        trim(model) AS model_name,"""
_DAY_COLUMNS = ("user_id", "utc_date", "start_time_iso", "end_time_iso", "model")

# Older files have the sums too, input_tokens and total_token, beside their parts or in their place.
_KINDS = {
    "miss": ("input_cache_miss_tokens",),
    "hit": ("input_cache_hit_tokens",),
    "input": ("input_tokens", "prompt_tokens"),
    "output": ("output_tokens", "completion_tokens"),
    "total": ("total_token", "total_tokens"),
    "requests": ("request_count", "request_counts"),
}
_KIND = "\n".join(
    f"            WHEN lower(trim(type)) IN ({', '.join(repr(word) for word in words)}, '') THEN '{kind}'"
    for kind, words in _KINDS.items()
)
_LINE = f"""
    SELECT{_DAY}
        raw_file,
        NULLIF(trim(api_key_name), '') AS key_name,
        CASE
{_KIND}
        END AS kind,
        tokens_of(plain_number(amount)) AS counted,
        -- DECIMAL(20, 15), so that the product with a count has a type.
        TRY_CAST(usd_of(plain_number(price)) AS DECIMAL(20, 15)) AS rate,
        CASE
            WHEN day_us IS NULL OR COALESCE(model_name, '') = '' THEN 'unreadable_line'
            WHEN kind IS NULL THEN 'unknown_kind'
            WHEN counted IS NULL OR rate < 0 THEN 'unreadable_line'
        END AS trap
    FROM raw"""

BILL_LINES = f"""
SELECT
    day_us, day_long_us, account, model_name AS model, key_name AS key, kind,
    counted AS tokens, rate AS usd_per_token, rate * CAST(counted AS DECIMAL(18, 0)) AS usd
FROM ({_LINE})
WHERE trap IS NULL"""
"""The lines of an amount file `raw`, one for each: for comparing a bill with a log kind by kind and price by price.

`kind`: miss, hit, output, requests (`tokens` counts them), and of older files input and total, which repeat the others.
`usd_per_token` and `usd` are in the account's currency, and NULL where the line has no price. `account` is the same for
the lines of one account here and in `COST_LINES`, and says nothing else.
"""


def _billed(kind: str) -> str:
    """SQL: the bill of the lines of `kind`; NULL where one of them has no price."""
    return (
        f"CASE WHEN NOT COALESCE(bool_or(rate IS NULL AND counted > 0) FILTER (kind = '{kind}'), false)"
        f" THEN sum(COALESCE(rate, 0) * CAST(counted AS DECIMAL(18, 0))) FILTER (kind = '{kind}') END"
    )


def _counted(kind: str) -> str:
    return f"CAST(sum(counted) FILTER (kind = '{kind}') AS BIGINT)"


# What no line says is not known; but where input is told in its parts, a part without a line was not used.
_AMOUNTS = f"""(
    WITH line AS ({_LINE}
    ),
    day AS (
        SELECT
            raw_file, account, day_us, day_long_us, model_name, key_name,
            {_counted("miss")} AS misses, {_counted("hit")} AS hits, {_counted("input")} AS inputs,
            {_counted("output")} AS outputs, {_counted("total")} AS totals, {_counted("requests")} AS requests,
            {_billed("miss")} AS miss_bill, {_billed("hit")} AS hit_bill, {_billed("output")} AS output_bill,
            {_billed("input")} AS input_bill, {_billed("total")} AS total_bill,
            count(DISTINCT rate) FILTER (kind = 'input') AS input_rates, max(rate) FILTER (kind = 'input') AS input_rate,
            count(*) FILTER (kind IN ('input', 'total')) > 0 AS has_sums
        FROM line
        WHERE trap IS NULL
        GROUP BY ALL
    ),
    parted AS (
        SELECT
            *,
            CASE
                WHEN misses IS NOT NULL THEN misses
                WHEN hits IS NOT NULL AND inputs IS NULL THEN 0
                WHEN hits <= inputs THEN inputs - hits
            END AS fresh,
            CASE WHEN hits IS NOT NULL THEN hits WHEN misses IS NOT NULL THEN 0 END AS cached,
            CASE
                WHEN misses IS NOT NULL THEN miss_bill
                WHEN hits IS NOT NULL AND inputs IS NULL THEN 0
                -- The sum is billed at the price of what was not cached: only that part of it, or it would be paid twice.
                WHEN hits <= inputs AND input_rates = 1 THEN input_rate * CAST(inputs - hits AS DECIMAL(18, 0))
            END AS fresh_bill,
            CASE WHEN hits IS NOT NULL THEN hit_bill WHEN misses IS NOT NULL THEN 0 END AS cached_bill,
            COALESCE(fresh + cached, inputs, CASE WHEN totals >= outputs THEN totals - outputs END) AS sent,
            CASE
                WHEN cached IS NOT NULL THEN fresh_bill + cached_bill
                WHEN inputs IS NOT NULL THEN input_bill
            END AS sent_bill
        FROM day
    )
    SELECT
        account, day_us, day_long_us, model_name, key_name, requests, sent, cached, outputs AS written,
        fresh_bill, cached_bill, output_bill AS written_bill,
        CASE
            WHEN sent IS NULL AND outputs IS NULL THEN NULL
            WHEN cached IS NULL AND inputs IS NULL AND totals IS NOT NULL THEN total_bill
            WHEN sent IS NULL THEN output_bill
            WHEN outputs IS NULL THEN sent_bill
            ELSE sent_bill + output_bill
        END AS bill,
        has_sums, NULL AS trap
    FROM parted
    UNION ALL BY NAME
    SELECT trap FROM line WHERE trap IS NOT NULL
) AS record"""

_ELSEWHERE = f"day_us % {_DAY_US} <> 0"
_AMOUNT_SHAPE = RecordShape(
    marks=frozenset({"model", "api_key_name", "type", "price", "amount"}),
    reads=(*_DAY_COLUMNS, "api_key_name", "type", "price", "amount"),
    relation=_AMOUNTS,
    values={
        # No key and no user: a day of a key has the same id in every export that holds it.
        "id": "concat_ws('/', 'amount', account, day_us, day_long_us, md5(concat_ws('/', model_name, key_name)))",
        "started_us": "day_us",
        "span_us": "day_long_us",
        "requests": "requests",
        "provider": "'deepseek'",
        "model": "model_name",
        "key": "key_name",
        "status": "'ok'",
        "input_tokens": "sent",
        "cache_hit_tokens": "cached",
        "output_tokens": "written",
        "reported_usd": "bill",
        "billed_miss_usd": "fresh_bill",
        "billed_hit_usd": "cached_bill",
        "billed_output_usd": "written_bill",
    },
    left_out={
        "unknown_kind": "trap = 'unknown_kind'",
        "unreadable_line": "trap = 'unreadable_line'",
    },
    noted={"sums_beside_parts": "has_sums", "days_not_utc": _ELSEWHERE},
)

_COST_LINE = f"""
    SELECT{_DAY}
        raw_file,
        COALESCE(NULLIF(lower(trim(wallet_type)), ''), 'unnamed') AS wallet,
        NULLIF(upper(trim(currency)), '') AS currency_code,
        usd_of(plain_number(cost)) AS money,
        day_us IS NULL OR COALESCE(model_name, '') = '' OR money IS NULL AS is_unreadable
    FROM raw"""

COST_LINES = f"""
SELECT day_us, day_long_us, account, model_name AS model, wallet, currency_code AS currency, money
FROM ({_COST_LINE})
WHERE NOT is_unreadable"""
"""The lines of a cost file `raw`, one for each: `money` in `currency` (NULL where it names none) from `wallet`, which is
in small letters: paid, granted."""

_COSTS = f"""(
    WITH line AS ({_COST_LINE}
    )
    SELECT
        raw_file, account, day_us, day_long_us, model_name, wallet, currency_code,
        CAST(sum(money) AS DECIMAL(38, 15)) AS money, false AS is_unreadable
    FROM line
    WHERE NOT is_unreadable
    GROUP BY ALL
    UNION ALL BY NAME
    SELECT is_unreadable FROM line WHERE is_unreadable
) AS record"""

_COST_SHAPE = RecordShape(
    marks=frozenset({"model", "cost", "currency", "wallet_type"}),
    reads=(*_DAY_COLUMNS, "wallet_type", "cost", "currency"),
    relation=_COSTS,
    values={
        "id": "concat_ws('/', 'cost', account, day_us, day_long_us, md5(concat_ws('/', model_name, wallet, currency_code)))",
        "started_us": "day_us",
        "span_us": "day_long_us",
        "provider": "'deepseek'",
        "model": "model_name",
        "tags": "to_json({wallet: wallet})",
        "status": "'ok'",
        "reported_usd": "money",
        "currency": "currency_code",
    },
    left_out={"unreadable_line": "is_unreadable"},
    noted={"granted_balance": "wallet LIKE 'grant%'", "days_not_utc": _ELSEWHERE},
)

# A cost line whose day and model has amounts is the same money again: it gives them its currency, and their bill where
# they have no price, and goes. An account that was billed in one currency alone was billed in that on every day.
_TOLD = """
WITH told AS (
    SELECT
        *,
        regexp_extract(id, '(amount|cost)/([0-9a-f]{12})/', 2) AS account,
        regexp_extract(id, '(amount|cost)/', 1) AS file_kind
    FROM loaded
),"""
_SETTLED = f"""{_TOLD}
day_cost AS (
    SELECT
        account, started_us, span_us, model, sum(reported_usd) AS money,
        CASE WHEN count(DISTINCT currency) = 1 AND count(currency) = count(*) THEN max(currency) END AS currency
    FROM told
    WHERE file_kind = 'cost'
    GROUP BY ALL
),
account_cost AS (
    SELECT account, CASE WHEN count(DISTINCT currency) = 1 THEN max(currency) END AS currency
    FROM told
    WHERE file_kind = 'cost'
    GROUP BY account
),
day_amount AS (
    SELECT account, started_us, span_us, model, count(*) AS keys, sum(reported_usd) AS billed
    FROM told
    WHERE file_kind = 'amount'
    GROUP BY ALL
)
SELECT
    told.* EXCLUDE (account, file_kind) REPLACE (
        COALESCE(told.currency, day_cost.currency, account_cost.currency) AS currency,
        CASE
            WHEN is_priced THEN told.reported_usd
            WHEN day_amount.keys = 1 OR day_cost.money = 0 THEN day_cost.money
        END AS reported_usd,
        CASE WHEN is_priced THEN billed_miss_usd END AS billed_miss_usd,
        CASE WHEN is_priced THEN billed_hit_usd END AS billed_hit_usd,
        CASE WHEN is_priced THEN billed_output_usd END AS billed_output_usd
    )
FROM told
LEFT JOIN day_cost USING (account, started_us, span_us, model)
LEFT JOIN account_cost USING (account)
LEFT JOIN day_amount USING (account, started_us, span_us, model)
CROSS JOIN LATERAL (
    SELECT
        file_kind = 'cost' OR day_cost.money IS NULL
            OR COALESCE(day_amount.billed > 0 OR day_amount.billed = day_cost.money, false) AS is_priced
)
WHERE file_kind = 'amount' OR day_amount.keys IS NULL"""

# A cost may be rounded to cents, each wallet's for itself.
_CONTRADICTED = f"""{_TOLD}
day AS (
    SELECT
        account, started_us, span_us, model, max(currency) AS currency,
        sum(reported_usd) FILTER (file_kind = 'cost') AS money,
        sum(reported_usd) FILTER (file_kind = 'amount') AS billed,
        bool_and(reported_usd IS NOT NULL) AS is_whole,
        CASE
            WHEN bool_and(reported_usd = round(reported_usd, 2)) FILTER (file_kind = 'cost')
                THEN 0.005 * count(*) FILTER (file_kind = 'cost')
            ELSE 0.000001
        END AS rounding
    FROM told
    GROUP BY account, started_us, span_us, model
)
SELECT currency, count(*) AS days, sum(money) AS reported_usd, sum(billed) AS priced_usd
FROM day
WHERE is_whole AND billed > 0 AND abs(money - billed) > rounding
GROUP BY currency
ORDER BY currency"""

DEEPSEEK = Importer(name="deepseek", shapes=(_AMOUNT_SHAPE, _COST_SHAPE), settled=_SETTLED, contradicted=_CONTRADICTED)
