"""Spans of OpenTelemetry's GenAI conventions: OTLP as JSON, one span a line, and the dialects of those who write them.

The names: semantic conventions 0.66b2 (`gen_ai.*`), their older ones, and those of Sentry, Strands, OpenLLMetry and
OpenInference. Input includes cached tokens and output includes thinking, unless the total says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from r1plan.report.importers.importer import Importer, RecordShape, Unfolding

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
_TEXTS = tuple(name for name in _NAMES if name not in _COUNTS)

# The value of an attribute in OTLP's JSON, whose 64-bit numbers are texts, by the names of its JSON and of protobuf's.
_KINDS = (
    *("stringValue", "intValue", "doubleValue", "boolValue", "arrayValue"),
    *("string_value", "int_value", "double_value", "bool_value", "array_value"),
)
_ATTRIBUTES = '[{"key": "VARCHAR", "value": {' + ", ".join(f'"{kind}": "VARCHAR"' for kind in _KINDS) + "}}]"
# Not what was asked and answered.
_WANTED = (
    "'^(gen_ai[.](usage|operation|provider|system|request[.]model|response|conversation|server)"
    "|llm[.](usage|token_count|request[.]type|model_name|provider|system)|openinference[.]span"
    "|server[.]address|url[.]full|error[.]type|session[.]id|service[.]name)'"
)


def _flat(attributes: str) -> str:
    """The SQL of `attributes` as one object, whether they are a list of keys and values or an object already."""
    value = "COALESCE(" + ", ".join(f'item.value."{kind}"' for kind in _KINDS) + ")"
    return f"""CASE WHEN ({attributes})[1] = '[' THEN '{{' || array_to_string(list_transform(
        list_filter(from_json({attributes}, '{_ATTRIBUTES}'), lambda item: regexp_matches(item.key, {_WANTED})),
        lambda item: to_json(item.key) || ':' || COALESCE(to_json({value}), 'null')
    ), ',') || '}}' ELSE object_of({attributes}) END"""


def _paths(names: Iterable[str]) -> str:
    """Where the fields of `names` stand; an exporter may have made objects of the dots."""
    keys = [key for name in names for key in _NAMES[name]]
    return ", ".join(f"'/{spelled}'" for key in keys for spelled in (key, key.replace(".", "/")))


def _found(names: Iterable[str], place: str) -> str:
    """The SQL of each field under its name, out of the list `place` of those at `_paths(names)`."""
    found, start = [], 1
    for name in names:
        width = 2 * len(_NAMES[name])
        found.append(f"COALESCE({', '.join(f'{place}[{start + at}]' for at in range(width))}) AS {name}")
        start += width
    return ", ".join(found)


# Of a span, by the names of OTLP's JSON, of protobuf's, and of what Python's SDK prints.
_SPAN_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "listed": ("attributes",),
        "trace_text": ("traceId", "trace_id", "context.trace_id"),
        "own_text": ("spanId", "span_id", "context.span_id"),
        "outer_text": ("parentSpanId", "parent_span_id", "parent_id"),
        "label": ("name",),
        "begun": ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime"),
        "over": ("endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime"),
        "code": ("status.code", "status.status_code", "statusCode"),
    }
)
_SPAN_PATHS = ", ".join(f"'$.{path}'" for paths in _SPAN_FIELDS.values() for path in paths)


def _span_fields() -> str:
    found, start = [], 1
    for name, paths in _SPAN_FIELDS.items():
        found.append(f"COALESCE({', '.join(f's[{start + at}]' for at in range(len(paths)))}) AS {name}")
        start += len(paths)
    return ", ".join(found)


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
                SELECT *, {_found(_TEXTS, "texts")}, {_found(_COUNTS, "counts")}
                FROM (
                    SELECT *, json_extract_string(attributes, [{_paths(_TEXTS)}]) AS texts,
                        counts_of(attributes, [{_paths(_COUNTS)}]) AS counts,
                        regexp_replace(trace_text, '^0x', '') AS trace,
                        regexp_replace(own_text, '^0x', '') AS own,
                        regexp_replace(outer_text, '^0x', '') AS outer_span,
                        instant_of(begun) AS begun_us,
                        instant_of(over) AS over_us
                    FROM (
                        SELECT *, {_flat("listed")} AS attributes, {_flat("listed_about")} AS about
                        FROM (
                            SELECT {_span_fields()}, listed_about
                            FROM (
                                SELECT json_extract_string(span, [{_SPAN_PATHS}]) AS s,
                                    resource ->> '$.attributes' AS listed_about
                                FROM {spans}
                            )
                        )
                    )
                )
            )
        )
    )"""


def _with_inner(spans: str) -> str:
    """The rows of `spans`, each with whether spans within it say what was used, and whether it repeats their sum."""
    rows = _rows(spans)
    # A span around another that says what the model used repeats it: an agent, a chain, an SDK within a framework.
    return f"""(
        WITH spans AS MATERIALIZED (
            SELECT * EXCLUDE (listed, listed_about, attributes, texts, counts) FROM {rows}
        )
        SELECT spans.*, inner_input IS NOT NULL AS is_around,
            COALESCE(inner_input = input AND inner_output = output, false) AS repeats
        FROM spans
        LEFT JOIN (
            SELECT trace AS inner_trace, outer_span AS inner_outer, sum(COALESCE(input, 0)) AS inner_input,
                sum(COALESCE(output, 0)) AS inner_output
            FROM (
                -- Another file may hold it again.
                SELECT DISTINCT ON (trace, own) trace, outer_span, input, output
                FROM spans
                WHERE sort IN ('chat', 'unsaid') AND NOT is_bare AND COALESCE(outer_span, '') <> ''
            )
            GROUP BY trace, outer_span
        ) AS inner_spans ON trace = inner_trace AND own = inner_outer
    )"""


def _shape(
    marks: frozenset[str], reads: tuple[str, ...], spans: str, unfolding: Unfolding | None = None
) -> RecordShape:
    seller = "COALESCE(seller_named(seller, address), seller_of(asked), 'unknown')"
    failed = "(code IN ('2', 'STATUS_CODE_ERROR', 'ERROR', 'Error') OR fault IS NOT NULL)"
    return RecordShape(
        marks=marks,
        reads=reads,
        unfolding=unfolding,
        relation=_with_inner(spans),
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
        skipped="is_bare AND (sort <> 'chat' OR is_around OR operation IS NULL AND asked IS NULL)",
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


_SPAN = """(SELECT span, span -> '$.resource' AS resource FROM (SELECT CAST("*" AS JSON) AS span FROM raw))"""
_LISTS = ("resourceSpans", "resource_spans", "batches")
_SPANS = Unfolding(
    levels=(
        frozenset(_LISTS),
        frozenset({"scopeSpans", "scope_spans", "instrumentationLibrarySpans"}),
        frozenset({"spans"}),
    ),
    kept="resource",
    dropped=frozenset({"events", "links"}),
    shape=_shape(frozenset({"traceId", "spanId", "attributes"}), ("*",), _SPAN),
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
    return _shape(frozenset({field}), (field,), spans, _SPANS)


OTEL = Importer(
    name="otel",
    shapes=(
        *(_otlp(name) for name in _LISTS),
        _SPANS.shape,
        *(
            _shape(frozenset({*names, "attributes"}), ("*",), _SPAN)
            for names in (("trace_id", "span_id"), ("context", "start_time"))
        ),
    ),
)
