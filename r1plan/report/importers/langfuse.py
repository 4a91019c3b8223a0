"""Langfuse's observations: its exports to blob storage, old and new, and what its pages and its API write.

The shapes: langfuse-docs, "Blob Storage Export Field Reference"; camelCase is what pages and API write. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

# Each by the names that one SDK or another gives it.
_USAGE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "given": ("input", "prompt_tokens", "input_tokens", "promptTokens", "inputTokens"),
        "written": ("output", "completion_tokens", "output_tokens", "completionTokens", "outputTokens"),
        "hit": (
            *("input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "input_cache_read_input_tokens"),
            *(
                "input_cache_read_tokens",
                "cached_input_tokens",
                "prompt_cache_hit_tokens",
                "input_cached",
                "cached_tokens",
            ),
            *("cachedInputTokens", "cache_read_tokens"),
        ),
        "stored": ("cache_creation_input_tokens", "input_cache_creation", "input_cache_creation_input_tokens"),
        "thinking": (
            *(
                "output_reasoning_tokens",
                "output_reasoning",
                "reasoning_tokens",
                "reasoning_output_tokens",
                "reasoning",
            ),
            *("reasoningTokens", "thinking_tokens"),
        ),
        "total": ("total", "total_tokens", "totalTokens"),
    }
)


_PATHS = ", ".join(f"'$.{key}'" for keys in _USAGE.values() for key in keys)


def _counts() -> str:
    """The SQL of each count under its name in _USAGE, out of the list `used_counts` of those at _PATHS."""
    counts, start = [], 1
    for name, keys in _USAGE.items():
        places = ", ".join(f"used_counts[{start + number}]" for number in range(len(keys)))
        counts.append(f"COALESCE({places}) AS {name}")
        start += len(keys)
    return ", ".join(counts)


def _field(name: str, camel: bool) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others) if camel else name


def _rows(usage: str, models: tuple[str, ...], older: tuple[str, ...]) -> str:
    """The SQL of every observation with its counts, whatever is within what. `older`: columns of old exports."""
    return f"""(
        SELECT *,
            given + CASE WHEN sums IN ('cached', 'both') OR sums IS NULL AND hit > given
                THEN COALESCE(hit, 0) + COALESCE(stored, 0) ELSE 0 END AS input,
            written + CASE WHEN sums IN ('thinking', 'both') OR sums IS NULL AND thinking > written
                THEN thinking ELSE 0 END AS output,
            COALESCE(sums = 'neither' OR hit > input OR thinking > output, false) AS is_odd,
            sums IS NULL AND hit > 0 AND hit <= given AS is_unclear,
            given IS NULL AND written IS NULL AS is_bare
        FROM (
            SELECT *, beside(given, written, COALESCE(hit, 0) + COALESCE(stored, 0), thinking, total) AS sums
            FROM (
                SELECT * REPLACE (
                    COALESCE(given, tokens_of({older[1]})) AS given,
                    COALESCE(written, tokens_of({older[2]})) AS written,
                    COALESCE(total, tokens_of({older[3]})) AS total
                )
                FROM (
                    SELECT *, {_counts()},
                        upper(type) AS sort,
                        COALESCE({", ".join(f"NULLIF({each}, '')" for each in models)}) AS named,
                        COALESCE(m[1], m[2], m[3], n[1], n[2], m[4]) AS seller,
                        COALESCE(m[5], m[6], n[3]) AS address
                    FROM (
                        SELECT *, counts_of(used, [{_PATHS}]) AS used_counts,
                            json_extract_string(meta, [
                                '/ls_provider', '/gen_ai.provider.name', '/gen_ai.system', '/provider',
                                '/api_base', '/base_url'
                            ]) AS m,
                            json_extract_string(object_of(meta ->> '/attributes'), [
                                '/gen_ai.provider.name', '/gen_ai.system', '/server.address'
                            ]) AS n
                        FROM (
                            SELECT *, COALESCE(object_of({usage}), object_of(usage)) AS used,
                                object_of(metadata) AS meta
                            FROM raw
                        )
                    )
                )
            )
        )
    )"""


def _relation(rows: str, parent: str) -> str:
    """The SQL of `rows` with whether one sums up those within it, as a wrapper of an SDK that traces itself does."""
    return f"""(
        WITH observations AS MATERIALIZED (SELECT * EXCLUDE (metadata, meta, used, used_counts, m, n) FROM {rows})
        SELECT observations.*, COALESCE(inner_input = input AND inner_output = output, false) AS repeats
        FROM observations
        LEFT JOIN (
            SELECT {parent} AS outer_id, sum(input) AS inner_input, sum(output) AS inner_output
            FROM (
                -- Another file may hold it again.
                SELECT DISTINCT ON (id) {parent}, input, output
                FROM observations
                WHERE COALESCE(sort, 'GENERATION') = 'GENERATION' AND COALESCE({parent}, '') <> ''
            )
            GROUP BY outer_id
        ) AS inner_ones ON observations.id = outer_id
    )"""


_SELLER = "COALESCE(seller_named(seller, address), seller_of(named), 'unknown')"


def _values(camel: bool, costs: tuple[str, ...]) -> Mapping[str, str]:
    def at(name: str) -> str:
        return _field(name, camel)

    amounts = ", ".join(f"usd_of({each})" for each in costs)
    return MappingProxyType(
        {
            "id": "id",
            "started_us": f"instant_of({at('start_time')})",
            "first_token_us": f"instant_of({at('completion_start_time')})",
            "ended_us": f"instant_of({at('end_time')})",
            "span_us": "0",
            "requests": "1",
            "provider": _SELLER,
            "model": "COALESCE(named, 'unknown')",
            "served": "named",
            "project": at("project_id"),
            "tags": "tags",
            "status": f"CASE WHEN upper(level) = 'ERROR' THEN 'failed' "
            f"WHEN instant_of({at('end_time')}) IS NULL THEN 'started' ELSE 'ok' END",
            "input_tokens": "input",
            "cache_hit_tokens": "CASE WHEN NOT is_odd AND NOT is_unclear THEN hit END",
            "output_tokens": "output",
            "thinking_tokens": "CASE WHEN NOT is_odd THEN thinking END",
            # Whether what failed without a count was billed, nobody says.
            "cost_low_usd": "CASE WHEN is_bare AND upper(level) = 'ERROR' THEN 0 END",
            "tool_usd": f"COALESCE({amounts}, usd_of(object_of({at('cost_details')}) ->> '/total'))",
            "conversation": f"COALESCE({at('session_id')}, {at('trace_id')})",
        }
    )


def _observations(camel: bool) -> RecordShape:
    def at(*names: str) -> tuple[str, ...]:
        return tuple(_field(name, camel) for name in names)

    (usage,), (parent,) = at("usage_details"), at("parent_observation_id")
    models = ("model", *at("provided_model_name"))
    costs = ("totalCost", "calculatedTotalCost") if camel else ("total_cost",)
    older = ("usage", *at("prompt_tokens", "completion_tokens", "total_tokens"))
    times = at("start_time", "end_time", "completion_start_time")
    return RecordShape(
        marks=frozenset({"id", times[0], usage}),
        reads=(
            *("id", "type", "level", "metadata", "tags", *models, *costs, *older, *times, usage, parent),
            *at("trace_id", "cost_details", "project_id", "session_id"),
        ),
        relation=_relation(_rows(usage, models, older), parent),
        values=_values(camel, costs),
        tags="tags_of(object_of(tags))",
        skipped="COALESCE(sort, 'GENERATION') <> 'GENERATION' AND greatest(given, written, hit, total, 0) = 0 "
        "OR sort IS NULL AND is_bare AND named IS NULL",
        left_out=MappingProxyType(
            {
                "not_chat": "sort = 'EMBEDDING'",
                "repeats_children": "sort NOT IN ('GENERATION', 'EMBEDDING') OR repeats",
            }
        ),
        noted=MappingProxyType(
            {
                "counts_contradict": "is_odd",
                "cached_unclear": "is_unclear",
                "cached_beside_input": "hit > 0 AND input > given",
                "unknown_provider": f"{_SELLER} = 'unknown'",
            }
        ),
    )


LANGFUSE = Importer(name="langfuse", shapes=(_observations(camel=False), _observations(camel=True)))
