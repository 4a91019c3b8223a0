"""A server that was verified: the answer, what people do not expect of it, then its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from r1plan.render.text.sanitize import one_line
from r1plan.render.text.table import column_widths, table_row
from r1plan.render.text.units import count, memory_size, percent
from r1plan.render.text.wrap import labelled, wrapped
from r1plan.render.verify.document import SCHEMA, term_fields
from r1plan.render.verify.words import TERM_NAMES, speed
from r1plan.verify.server.facts import ServerFacts, ServerKind
from r1plan.verify.server.report import ServerReport, ServerTrap
from r1plan.verify.terms import VerifyTerm, speed_term

_NAMES: dict[ServerKind, str] = {
    "llama-server": "llama-server",
    "vllm": "vLLM",
    "ollama": "Ollama",
    "sglang": "SGLang",
    "openai": "The server",
}
_HEADS = ("what", "planned", "measured", "off")
_SIDES = "<>>>"
_NONE = "–"


def server_text(report: ServerReport) -> str:
    """The answer in one sentence."""
    facts = report.facts
    what = " ".join(each for each in (_NAMES[facts.kind], facts.version) if each)
    context = ""
    if facts.context_tokens is not None:
        context = f" with {facts.context_tokens:,} tokens of context"
        if facts.slots and facts.slots > 1:
            context += f" and up to {facts.slots} requests at once"
    decode = report.decode
    rate = "it did not say how fast"
    if decode:
        planned = decode[0].planned
        expected = "" if planned is None else f" where {speed(planned.mid)} were expected"
        rate = f"{speed(decode[0].tok_s)} tok/s{expected}"
    name = (facts.model or "").rpartition("/")[2] if facts.model == facts.path else facts.model
    return one_line(f"{what} at {report.address} serves {name}{context}: {rate}.")


def trap_text(trap: ServerTrap, report: ServerReport) -> str:
    """What people do not expect of the server, and what mends it."""
    facts = report.facts
    context, trained = facts.context_tokens or 0, facts.trained_tokens or 0
    match trap:
        case "short-context" if facts.kind == "ollama":
            fits = "" if report.option is None else f"; {report.option.context:,} would fit by the plan"
            return (
                f"Ollama loads it with {context:,} tokens of context though the model takes {trained:,}{fits}: what is "
                "longer is cut without a word. OLLAMA_CONTEXT_LENGTH for the server sets it, or num_ctx in a Modelfile "
                "or a request to /api; requests to /v1 cannot."
            )
        case "short-context":
            return f"A request gets {context:,} tokens of context though the model takes {trained:,}: -c sets it."
        case "less-context-than-planned":
            most = 0 if report.option is None else report.option.context
            return f"A request gets {context:,} tokens of context; by the plan {most:,} fit here."
        case "partly-on-processor":
            there, whole = facts.on_cards_bytes or 0, facts.loaded_bytes or 0
            where = "none of it" if not there else f"{percent(there, whole)} of it"
            return f"Of its {memory_size(whole)} {where} is on a card: the processor computes the rest, far slower."
        case "busy":
            return f"It had {count(facts.busy or 0, 'other request')} meanwhile: at rest it is faster."


def server_lines(report: ServerReport, width: int) -> Iterator[str]:
    """The lines for a terminal."""
    yield from wrapped(server_text(report), width, cut_words=True)
    for trap in report.traps:
        yield from wrapped(trap_text(trap, report), width, first="  ", later="    ")
    yield ""
    for label, text in _facts(report.facts):
        yield from labelled(label, text, width)
    rows = [_HEADS, *map(_row, server_terms(report))]
    if len(rows) > 1:
        yield ""
        widths = column_widths(rows)
        for row in rows:
            yield table_row(row, widths, _SIDES)
    yield ""
    yield from wrapped(_measured_text(report), width)


def _measured_text(report: ServerReport) -> str:
    how = "by the server's own clock" if report.pace.by_server else "by what streamed in, the way here counted"
    if report.option is None:
        why = "its model's file was not found here" if report.is_here else "it runs on another machine"
        return f"Measured {how}. There is no plan to hold it against: {why}."
    return f"Measured {how}; planned as if nothing else held this machine's memory."


def server_terms(report: ServerReport) -> tuple[VerifyTerm, ...]:
    """The figures, planned and measured."""
    terms = [speed_term("prefill", each) for each in report.prefill]
    terms += [speed_term("decode", each) for each in report.decode]
    if report.pace.first_token_s is not None:
        terms.append(VerifyTerm(what="load", unit="s", measured=report.pace.first_token_s))
    return tuple(terms)


def server_document(report: ServerReport) -> dict[str, Any]:
    """The fields for a program, `schema` first."""
    return {
        "schema": SCHEMA,
        "kind": "server",
        "model": report.facts.model,
        "quant": report.facts.quant,
        "text": server_text(report),
        "server": _fields(report),
        "terms": [_context_fields(report), *(_renamed(each) for each in server_terms(report))],
        "traps": [{"what": each, "text": trap_text(each, report)} for each in report.traps],
        "measured_at": report.measured_at,
        "by_server": report.pace.by_server,
        "stored": None,
    }


def _fields(report: ServerReport) -> Mapping[str, Any]:
    facts = report.facts
    return {
        "kind": facts.kind,
        "address": report.address,
        "version": facts.version,
        "models": list(facts.models),
        "path": facts.path,
        "context_tokens": facts.context_tokens,
        "model_context_tokens": facts.trained_tokens,
        "cache_tokens": facts.cache_tokens,
        "slots": facts.slots,
        "busy": facts.busy,
        "loaded_bytes": facts.loaded_bytes,
        "on_cards_bytes": facts.on_cards_bytes,
    }


def _context_fields(report: ServerReport) -> Mapping[str, Any]:
    planned = None if report.option is None else report.option.context
    return {"what": "context", "planned": planned, "measured": report.facts.context_tokens, "unit": "tokens"}


def _renamed(each: VerifyTerm) -> Mapping[str, Any]:
    fields = dict(term_fields(each))
    if each.what == "load":
        fields |= {"what": "first_token", "term": "first_token"}
    return fields


def _facts(facts: ServerFacts) -> Iterator[tuple[str, str]]:
    if facts.path:
        yield "file", one_line(facts.path)
    if facts.quant:
        yield "quant", one_line(facts.quant)
    if facts.context_tokens is not None:
        most = "" if facts.trained_tokens is None else f" of {facts.trained_tokens:,} that the model takes"
        yield "context", f"{facts.context_tokens:,} tokens{most}"
    if facts.slots is not None:
        yield "at once", count(facts.slots, "request")
    if facts.cache_tokens is not None:
        yield "cache", f"{facts.cache_tokens:,} tokens for all requests together"
    if facts.loaded_bytes is not None and facts.on_cards_bytes is not None:
        yield "memory", f"{memory_size(facts.loaded_bytes)}, {memory_size(facts.on_cards_bytes)} of it on cards"
    if len(facts.models) > 1:
        yield "serves", one_line(", ".join(facts.models[:8]))


def _row(each: VerifyTerm) -> tuple[str, ...]:
    share = each.off_share
    unit = "s" if each.unit == "s" else "tok/s"
    mark = " !" if each.is_below or each.is_above else ""

    def shown(value: float | None) -> str:
        if value is None:
            return _NONE
        return f"{value:.2f} s" if unit == "s" else f"{speed(value)} tok/s"

    name = "first token" if each.what == "load" else f"{TERM_NAMES[each.what]}, {each.depth:,} in the cache"
    return name, shown(each.planned), shown(each.measured), "" if share is None else f"{share * 100:+.0f} %{mark}"
