"""The columns that an importer can fill: those of the report's table `entry`, by name with their DuckDB types.

A row is one request, or an aggregate: `requests` of them (NULL: their number is not known) within `span_us` from
`started_us`, of which only sums are known. All instants are microseconds since 1970 in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping

_USD = "DECIMAL(38, 15)"

COLUMNS: Mapping[str, str] = {
    # The tool's own id of the record: the same in every export that holds it. Ids of two tools may be equal.
    "id": "VARCHAR",
    # The provider's id of the response, where the tool keeps it: the same request in two tools' logs has the same one.
    "response_id": "VARCHAR",
    "started_us": "BIGINT",
    "first_token_us": "BIGINT",
    "ended_us": "BIGINT",  # NULL: it has not ended, unless it is an aggregate
    "span_us": "BIGINT",  # 0: a single request
    "requests": "BIGINT",
    # As the tool spells them, which may not be our ids.
    "provider": "VARCHAR",
    "model": "VARCHAR",  # that was asked for
    "served": "VARCHAR",  # that answered
    "project": "VARCHAR",
    "tags": "JSON",  # an object of texts
    "key": "VARCHAR",  # the name of the API key: never the key
    "status": "VARCHAR",  # ok, length, aborted, failed, started
    "input_tokens": "BIGINT",  # cached ones included, always
    "cache_hit_tokens": "BIGINT",
    "output_tokens": "BIGINT",  # thinking included, always
    "thinking_tokens": "BIGINT",
    "provenance": "JSON",  # {"input_tokens": "reported"|"counted"|"estimated", ...}; NULL: all as reported
    "flags": "VARCHAR[]",  # of prices/usage.py, and a trap's word where a row is `noted`
    "cost_usd": _USD,  # what was worked out here, of local models alone
    "cost_low_usd": _USD,
    "cost_high_usd": _USD,
    "reported_usd": _USD,  # what the provider billed, in `currency`; never what a tool worked out by a table of its own
    "billed_miss_usd": _USD,  # and its parts, where the bill has them
    "billed_hit_usd": _USD,
    "billed_output_usd": _USD,
    "tool_usd": _USD,  # what the tool itself worked out by its table of that day: shown beside ours, never summed in
    "currency": "VARCHAR",  # USD, CNY; NULL: the account's
    "energy_wh": _USD,
    "forecast_p50_usd": _USD,
    "forecast_p90_usd": _USD,
    "attempt_of": "VARCHAR",  # the id of the first attempt at the same question
    "conversation": "VARCHAR",
    "source": "VARCHAR",  # the importer's name, by who reads the rows
}
