"""Spans of OpenTelemetry's GenAI conventions: OTLP as JSON, one span a line, and the dialects of those who write them.

The names: semantic conventions 0.66b2 (`gen_ai.*`), their older ones, and those of Sentry, Strands, OpenLLMetry and
OpenInference. Input includes cached tokens and output includes thinking, unless the total says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape

_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "operation": ("gen_ai.operation.name", "llm.request.type", "openinference.span.kind"),
        "seller": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"),
        "address": ("server.address", "url.full"),
        "asked": ("gen_ai.request.model", "llm.model_name", "gen_ai.response.model"),
        "answered": ("gen_ai.response.model",),
        "answer_id": ("gen_ai.response.id",),
        "given": (
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.usage.prompt_tokens",
            "llm.token_count.prompt",
        ),
        "written": (
            *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"),
            "llm.token_count.completion",
        ),
        "hit": (
            *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.input_tokens.cached"),
            *("gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.details.cache_read_tokens"),
            "llm.token_count.prompt_details.cache_read",
        ),
        "stored": (
            *("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.input_tokens.cache_write"),
            *("gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens"),
        ),
        "thinking": (
            *("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.output_tokens.reasoning"),
            *("gen_ai.usage.reasoning_tokens", "gen_ai.usage.details.reasoning_tokens"),
            "llm.token_count.completion_details.reasoning",
        ),
        "total": ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total"),
        "first_chunk_s": ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"),
        "ends": ("gen_ai.response.finish_reasons",),
        "fault": ("error.type",),
        "talk": ("gen_ai.conversation.id", "session.id"),
        "beside_dialect": ("gen_ai.usage.cache_read_input_tokens",),
    }
)
_COUNTS = ("given", "written", "hit", "stored", "thinking", "total")

# The value of an attribute in OTLP's JSON, whose 64-bit numbers are texts; or plain, as some exporters write it.
_VALUE = (
    "COALESCE("
    + ", ".join(
        f"item ->> '$.value.{name}'"
        for name in (
            *("stringValue", "intValue", "doubleValue", "boolValue", "string_value", "int_value", "double_value"),
            *("bool_value", "arrayValue", "array_value"),
        )
    )
    + ", item ->> '$.value')"
)
_WANTED = "'^(gen_ai[.]|llm[.]|openinference[.]|server[.]address|url[.]full|error[.]type|session[.]id|service[.]name)'"


def _flat(attributes: str) -> str:
    """The SQL of `attributes` as one object, whether they are a list of keys and values or an object already."""
    return f"""CASE WHEN ({attributes})[1] = '[' THEN to_json(map_from_entries(once_each(list_transform(
        list_filter(json_extract({attributes}, '$[*]'), lambda item: regexp_matches(item ->> '$.key', {_WANTED})),
        lambda item: {{'k': item ->> '$.key', 'v': {_VALUE}}}
    )))) ELSE object_of({attributes}) END"""


def _found(name: str) -> str:
    texts = ", ".join(
        f"attributes ->> {path}"
        for key in _NAMES[name]
        # An exporter may have made objects of the dots.
        for path in (f"'/{key}'", f"'/{key.replace('.', '/')}'")
    )
    return f"tokens_of(COALESCE({texts})) AS {name}" if name in _COUNTS else f"COALESCE({texts}) AS {name}"


def _first(*paths: str) -> str:
    return "COALESCE(" + ", ".join(f"span ->> '{path}'" for path in paths) + ")"


def _rows(spans: str) -> str:
    return f"""(
        SELECT *,
            given + CASE WHEN is_beside THEN COALESCE(hit, 0) + COALESCE(stored, 0) ELSE 0 END AS input,
            written + CASE WHEN sums IN ('thinking', 'both') THEN COALESCE(thinking, 0) ELSE 0 END AS output,
            COALESCE(sums = 'neither' OR hit > input OR thinking > output, false) AS is_odd,
            given IS NULL AND written IS NULL AS is_bare,
            CASE
                WHEN does IN ('chat', 'text_completion', 'generate_content') THEN 'chat'
                WHEN does IN ('embeddings', 'embedding', 'rerank', 'retrieval', 'reranker') THEN 'not_chat'
                WHEN does IS NULL THEN 'unsaid'
                ELSE 'around'
            END AS sort
        FROM (
            SELECT *,
                CASE
                    WHEN lower(operation) = 'completion' THEN 'text_completion'
                    WHEN lower(operation) = 'llm' THEN 'chat'
                    WHEN operation IS NOT NULL THEN lower(operation)
                    WHEN regexp_matches(label, '^(gen_ai[.])?(chat|text_completion|generate_content)( |$)')
                        THEN regexp_extract(label, '(chat|text_completion|generate_content)')
                    WHEN regexp_matches(label, '^(gen_ai[.])?(invoke_agent|create_agent|execute_tool|embeddings)( |$)')
                        THEN regexp_extract(label, '(invoke_agent|create_agent|execute_tool|embeddings)')
                END AS does,
                beside(given, written, COALESCE(hit, 0) + COALESCE(stored, 0), thinking, total) AS sums,
                COALESCE(sums IN ('cached', 'both'), beside_dialect IS NOT NULL AND hit > given, false) AS is_beside
            FROM (
                SELECT *, {", ".join(_found(name) for name in _NAMES)}
                FROM (
                    SELECT span,
                        {_flat("span ->> '$.attributes'")} AS attributes,
                        {_flat("resource ->> '$.attributes'")} AS about,
                        regexp_replace({_first("$.traceId", "$.trace_id", "$.context.trace_id")}, '^0x', '') AS trace,
                        regexp_replace({_first("$.spanId", "$.span_id", "$.context.span_id")}, '^0x', '') AS own,
                        regexp_replace({_first("$.parentSpanId", "$.parent_span_id", "$.parent_id")}, '^0x', '') AS outer_span,
                        {_first("$.name")} AS label,
                        instant_of({_first("$.startTimeUnixNano", "$.start_time_unix_nano", "$.start_time", "$.startTime")})
                            AS begun_us,
                        instant_of({_first("$.endTimeUnixNano", "$.end_time_unix_nano", "$.end_time", "$.endTime")})
                            AS over_us,
                        {_first("$.status.code", "$.status.status_code", "$.statusCode")} AS code
                    FROM {spans}
                )
            )
        )
    )"""


def _shape(marks: frozenset[str], reads: tuple[str, ...], spans: str) -> RecordShape:
    rows = _rows(spans)
    # A span around another that says what the model used repeats it: an agent, a chain, an SDK within a framework.
    relation = f"""(
        SELECT outer_rows.*, inner_input IS NOT NULL AS is_around,
            COALESCE(inner_input = input AND inner_output = output, false) AS repeats
        FROM {rows} AS outer_rows
        LEFT JOIN (
            SELECT trace AS inner_trace, outer_span AS inner_outer, sum(COALESCE(input, 0)) AS inner_input,
                sum(COALESCE(output, 0)) AS inner_output
            FROM {rows}
            WHERE sort IN ('chat', 'unsaid') AND NOT is_bare AND COALESCE(outer_span, '') <> ''
            GROUP BY trace, outer_span
        ) AS inner_rows ON trace = inner_trace AND own = inner_outer
    )"""
    seller = "COALESCE(seller_named(seller, address), seller_of(asked), 'unknown')"
    failed = "(code IN ('2', 'STATUS_CODE_ERROR', 'ERROR', 'Error') OR fault IS NOT NULL)"
    return RecordShape(
        marks=marks,
        reads=reads,
        relation=relation,
        values=MappingProxyType(
            {
                "id": "lower(trace || '/' || own)",
                "response_id": "answer_id",
                "started_us": "begun_us",
                "first_token_us": "begun_us + CAST(1000000 * TRY_CAST(first_chunk_s AS DECIMAL(18, 6)) AS BIGINT)",
                "ended_us": "over_us",
                "span_us": "0",
                "requests": "1",
                "provider": seller,
                "model": "COALESCE(asked, 'unknown')",
                "served": "answered",
                "project": "about ->> '/service.name'",
                "status": f"CASE WHEN {failed} IS TRUE THEN 'failed' WHEN over_us IS NULL THEN 'started' "
                "WHEN contains(ends, 'length') OR contains(ends, 'max_tokens') THEN 'length' ELSE 'ok' END",
                "input_tokens": "input",
                "cache_hit_tokens": "CASE WHEN NOT is_odd THEN hit END",
                "output_tokens": "output",
                "thinking_tokens": "CASE WHEN NOT is_odd THEN thinking END",
                # Whether what failed without a count was billed, nobody says.
                "cost_low_usd": f"CASE WHEN is_bare AND {failed} IS TRUE THEN 0 END",
                "conversation": "COALESCE(talk, trace)",
            }
        ),
        skipped="is_bare AND (sort <> 'chat' OR is_around)",
        left_out=MappingProxyType(
            {
                "not_chat": "sort = 'not_chat'",
                "repeats_children": "sort = 'around' OR sort = 'unsaid' AND is_around OR sort = 'chat' AND repeats",
            }
        ),
        noted=MappingProxyType(
            {
                "counts_contradict": "is_odd",
                "cached_beside_input": "hit > 0 AND input > given",
                "unknown_provider": f"{seller} = 'unknown'",
            }
        ),
    )


def _otlp(field: str) -> RecordShape:
    """OTLP as JSON: resources with scopes with spans, a whole file or one a line."""
    spans = f"""(
        SELECT unnest(list_concat(
            json_extract(whole, '$.scopeSpans[*].spans[*]'), json_extract(whole, '$.scope_spans[*].spans[*]'),
            json_extract(whole, '$.instrumentationLibrarySpans[*].spans[*]')
        )) AS span, whole -> '$.resource' AS resource
        FROM (SELECT unnest(json_extract("{field}", '$[*]')) AS whole FROM raw WHERE json_valid("{field}"))
    )"""
    return _shape(frozenset({field}), (field,), spans)


_SPAN = """(SELECT CAST("*" AS JSON) AS span, CAST("*" AS JSON) -> '$.resource' AS resource FROM raw)"""

OTEL = Importer(
    name="otel",
    shapes=(
        _otlp("resourceSpans"),
        _otlp("resource_spans"),
        _otlp("batches"),
        *(
            _shape(frozenset({*names, "attributes"}), ("*",), _SPAN)
            for names in (("traceId", "spanId"), ("trace_id", "span_id"), ("context", "start_time"))
        ),
    ),
)
