from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from r1plan.report.importers.otel import OTEL
from tests.report.importers.made.otel import attribute
from tests.report.importers.reading import Read, read

PLAIN: Mapping[str, Any] = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "deepseek", "gen_ai.request.model": "deepseek-chat",
    "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 50,
}  # fmt: skip
USE = "gen_ai.usage"
# What is there besides -> input, cached, output, thinking, traps
USAGES: Mapping[str, tuple[Mapping[str, Any], tuple[Any, ...]]] = {
    "plain": ({}, (100, None, 50, None, ())),
    "semconv": (
        {f"{USE}.cache_read.input_tokens": 64, f"{USE}.reasoning.output_tokens": 30},
        (100, 64, 50, 30, ()),
    ),
    "Sentry": ({f"{USE}.input_tokens.cached": 64, f"{USE}.output_tokens.reasoning": 30}, (100, 64, 50, 30, ())),
    "Strands": ({f"{USE}.cache_read_input_tokens": 64, f"{USE}.total_tokens": 150}, (100, 64, 50, None, ())),
    "Strands, beside": (
        {f"{USE}.cache_read_input_tokens": 64, f"{USE}.total_tokens": 214},
        (164, 64, 50, None, ("cached_beside_input",)),
    ),
    "Strands, one sees": ({f"{USE}.cache_read_input_tokens": 640}, (740, 640, 50, None, ("cached_beside_input",))),
    "impossible": ({f"{USE}.cache_read.input_tokens": 640}, (100, None, 50, None, ("counts_contradict",))),
    "old names too": ({f"{USE}.prompt_tokens": 100, f"{USE}.completion_tokens": 50}, (100, None, 50, None, ())),
    "more thinking than output": ({f"{USE}.reasoning_tokens": 51}, (100, None, 50, None, ("counts_contradict",))),
    "thinking beside": (
        {f"{USE}.reasoning_tokens": 30, f"{USE}.total_tokens": 180},
        (100, None, 80, 30, ()),
    ),
    "doubles": ({f"{USE}.input_tokens": 100.0}, (100, None, 50, None, ())),
}


def span(own: str, attributes: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "traceId": "AB", "spanId": own, "parentSpanId": "", "name": "chat deepseek-chat",
        "startTimeUnixNano": "1782618417123456789", "endTimeUnixNano": "1782618418123456789",
        "attributes": [attribute(key, value) for key, value in attributes.items()], **changes,
    }  # fmt: skip


def every(*spans: Mapping[str, Any]) -> tuple[Read, dict[str, dict[str, Any]]]:
    found = read(OTEL, [{"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}])
    return found, {row["id"].removeprefix("ab/"): row for row in found.rows}


def test_every_dialect_of_usage_is_the_same_counts() -> None:
    _, rows = every(*(span(name.lower(), {**PLAIN, **more}) for name, (more, _) in USAGES.items()))
    names = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "traps")
    assert {name: tuple(row[each] for each in names) for name, row in rows.items()} == {
        name.lower(): wanted for name, (_, wanted) in USAGES.items()
    }


def test_only_calls_of_a_model_are_requests() -> None:
    calls = ("chat", "text_completion", "generate_content")
    around = ("invoke_agent", "create_agent", "execute_tool", "plan")
    spans = [span(name, {**PLAIN, "gen_ai.operation.name": name}) for name in (*calls, *around, "embeddings")]
    found, rows = every(*spans, span("get", {"http.request.method": "GET"}, name="GET /"))
    assert rows.keys() == set(calls)
    assert (found.traps, found.skipped) == ({"repeats_children": len(around), "not_chat": 1}, 1)


def test_where_no_operation_is_said_the_name_or_the_children_say_it() -> None:
    said = {key: value for key, value in PLAIN.items() if key != "gen_ai.operation.name"}
    found, rows = every(
        span("by its name", said),
        span("alone", said, name="ask"),
        span("an agent", said, name="gen_ai.invoke_agent helper"),
        span("around", said, name="pipeline"),
        span("within", PLAIN, parentSpanId="around"),
        span("older", {**said, "llm.request.type": "completion"}, name="openai.completion"),
        span("openinference", {**said, "openinference.span.kind": "LLM"}, name="ChatOpenAI"),
    )
    assert rows.keys() == {"by its name", "alone", "within", "older", "openinference"}
    assert found.traps == {"repeats_children": 2}


def test_a_call_around_calls_counts_only_where_it_does_not_repeat_them() -> None:
    half = {**PLAIN, "gen_ai.usage.input_tokens": 50, "gen_ai.usage.output_tokens": 25}
    inner = [span(name, half, parentSpanId="outer") for name in ("a", "b")]
    found, rows = every(span("outer", PLAIN), *inner)
    assert (set(rows), found.traps) == ({"a", "b"}, {"repeats_children": 1})
    _, rows = every(span("outer", {**PLAIN, "gen_ai.usage.input_tokens": 101}), *inner)
    assert rows.keys() == {"outer", "a", "b"}
    _, rows = every(span("outer", PLAIN), *({**each, "traceId": "CD"} for each in inner))
    assert len(rows) == 3  # another trace's span of that id is another span


def test_a_call_around_a_counted_call_that_counts_nothing_is_nobodys_loss() -> None:
    bare = {key: value for key, value in PLAIN.items() if "usage" not in key}
    found, rows = every(span("outer", bare), span("inner", PLAIN, parentSpanId="outer"), span("lost", bare))
    assert (set(rows), found.skipped) == ({"inner", "lost"}, 1)
    assert rows["lost"]["input_tokens"] is None


def test_how_a_call_ended() -> None:
    bare = {key: value for key, value in PLAIN.items() if "usage" not in key}
    _, rows = every(
        span("ok", {**PLAIN, "gen_ai.response.finish_reasons": ["stop"]}),
        span("length", {**PLAIN, "gen_ai.response.finish_reasons": ["length"]}),
        span("code", PLAIN, status={"code": 2}),
        span("word", PLAIN, status={"code": "STATUS_CODE_ERROR"}),
        span("type", {**bare, "error.type": "timeout"}),
        span("runs", PLAIN, endTimeUnixNano=None),
    )
    assert {name: (row["status"], row["cost_low_usd"]) for name, row in rows.items()} == {
        "ok": ("ok", None), "length": ("length", None), "code": ("failed", None), "word": ("failed", None),
        "type": ("failed", 0), "runs": ("started", None),
    }  # fmt: skip


def test_who_sold_it_and_what_answered() -> None:
    more = {"gen_ai.response.model": "deepseek-v4-flash", "gen_ai.response.id": "x" * 20, "gen_ai.conversation.id": "c"}
    _, rows = every(
        span("system", {**PLAIN, **more, "gen_ai.provider.name": None, "gen_ai.system": "groq"}),
        span("address", {**PLAIN, "gen_ai.provider.name": "openai", "server.address": "api.deepseek.com"}),
        span("none", {**PLAIN, "gen_ai.provider.name": "", "gen_ai.request.model": "house"}),
    )
    assert {name: row["provider"] for name, row in rows.items()} == {
        "system": "groq", "address": "deepseek", "none": "unknown",
    }  # fmt: skip
    row = rows["system"]
    assert (row["model"], row["served"], row["response_id"], row["conversation"]) == (
        "deepseek-chat", "deepseek-v4-flash", "x" * 20, "c",
    )  # fmt: skip


def test_a_span_is_the_same_in_whatever_a_line_holds() -> None:
    nested = {"gen_ai": {"operation": {"name": "chat"}, "provider": {"name": "deepseek"},
              "request": {"model": "deepseek-chat"}, "usage": {"input_tokens": 100, "output_tokens": 50}}}  # fmt: skip
    times = {"start_time": "2026-06-28T03:46:57.123456Z", "end_time": "2026-06-28T03:46:58.123456Z"}
    plain = span("1f", PLAIN)
    proto = [{"key": key, "value": {("int_value" if isinstance(value, int) else "string_value"): value}}
             for key, value in PLAIN.items()]  # fmt: skip
    snake = {
        "trace_id": "AB", "span_id": "1f", "name": "chat", "start_time_unix_nano": 1782618417123456789,
        "end_time_unix_nano": 1782618418123456789, "attributes": proto,
    }  # fmt: skip
    written = {
        "OTLP": {"resourceSpans": [{"scopeSpans": [{"spans": [plain]}]}]},
        "older OTLP": {"resourceSpans": [{"instrumentationLibrarySpans": [{"spans": [plain]}]}]},
        "snake": {"resource_spans": [{"scope_spans": [{"spans": [snake]}]}]},
        "a trace store": {"batches": [{"scopeSpans": [{"spans": [plain]}]}]},
        "one a line": plain,
        "flat": {**plain, "attributes": PLAIN},
        "nested": {**plain, "attributes": nested},
        "snake, one a line": snake,
        "as Python's SDK prints": {
            "name": "chat", "context": {"trace_id": "0xAB", "span_id": "0x1f"}, "parent_id": None, **times,
            "attributes": PLAIN, "status": {"status_code": "UNSET"},
        },
    }  # fmt: skip
    names = ("id", "started_us", "ended_us", "provider", "model", "status", "input_tokens", "output_tokens")
    rows = {name: read(OTEL, [record]).row for name, record in written.items()}
    found = {name: tuple(row[each] for each in names) for name, row in rows.items()}
    wanted = ("ab/1f", 1_782_618_417_123_456, 1_782_618_418_123_456, "deepseek", "deepseek-chat", "ok", 100, 50)
    assert found == dict.fromkeys(written, wanted)
