"""The sentences on what is wrong with the logs of a spend report, and where providers bill something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from r1plan.ledger.blocks import LONGEST_LINE_BYTES
from r1plan.money import money
from r1plan.render.spend.sources import bad_record_text, file_fault_text, tool_name
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count
from r1plan.report.invalid_line import LineFault
from r1plan.report.spend import ReportWarning, SpendReport, WarningKind

_ZERO = Decimal(0)
_NAMED_LINES = 5
_VALUE_CHARACTERS = 40
# Of `bad_record` there is a sentence of its own.
_TEXTS: Mapping[WarningKind, str] = {
    "bad_line": "{file}:{line}: left out: {reason}.",
    "other_encoding": "{file}: not UTF-8, and read as Latin-1: names in it may be misspelled.",
    "unreadable_file": "{file}: left out: {reason}.",
    "duplicate_ids": "{requests} logged more than once, counted once by the last row: {ids}.",
    "unknown_tokens": "{requests} with an unknown number of tokens: only the known ones are priced.",
    "impossible_usage": (
        "{requests} with more cached than input tokens, or more thinking than output: priced from the totals."
    ),
    "other_currency": (
        "{requests} billed in {currency} left out, as no rate adds up two currencies: --currency {currency}."
    ),
    "unknown_currency": "{requests} billed in {currency} left out, as no price is known in it.",
    "currency_assumed": (
        "{bills} of {tool} without a currency: taken as the account's, dollars unless R1PLAN_<PROVIDER>_CURRENCY "
        "says CNY; give the cost file too."
    ),
    "repeated_rows": "{rows} of {tool} told more than once, each counted once.",
    "repeated_responses": "{requests} in {tool} not counted again: other rows tell the same responses.",
    "sums_by_other_key": "{sums} of {tool} left out: it sums the same requests by another key too.",
    "sums_beside_others": (
        "{sums} of {tool} and single requests of the same provider and time from elsewhere are both counted: if they "
        "are the same, give one of them, or the sums as --reconcile."
    ),
    "sums_beside_rows": "{sums} of {tool} left out: its own rows tell single requests of the same provider and time.",
    "sums_in_sums": "{sums} of {tool} left out: others of it tell the same time, as a whole or in parts.",
    "sums_across_months": "{sums} with the end of a month within: all of each is in the month that it begins in.",
    "sums_across_days": (
        "{sums} with the end of a day within, by the clock asked for: all of each is on its first day."
    ),
    "cost_file_differs": (
        "{tool}'s cost file says {bill} for {days} of a model where amount times price comes to {ours}: the latter is "
        "counted."
    ),
    "unknown_requests": "{rows} of an unknown number of requests: only their tokens and costs count.",
    "several_prices": "{requests} told only in sums over times in which the price changed: between bounds, uncertain.",
    "in_future": "{requests} said to have ended in the future: a clock was wrong, or it is.",
    "price_caveat": "{requests} priced at {price_id}, of which: {caveat}.",
    "billed_elsewhere": (
        "{requests} with a key of your own at {tool}: the provider behind bills {bill}, which is in no sum."
    ),
    "bill_differs": "{provider}'s bills say {bill}, our prices {ours}, for {requests} to {model}.",
}


def warnings(report: SpendReport) -> Iterator[str]:
    """What is wrong with the logs, and where providers bill something else, each beginning with "warning: "."""
    unnamed = named = 0
    for warning in report.warnings:
        if warning.kind == "bad_line" and named == _NAMED_LINES:
            unnamed += 1
            continue
        named += warning.kind == "bad_line"
        yield f"warning: {warning_text(warning)}"
    if unnamed:
        yield f"warning: {count(unnamed, 'more line')} left out; --json names each."


def warning_text(warning: ReportWarning) -> str:
    """One warning as a sentence."""
    if warning.kind == "bad_record":
        return printable(bad_record_text(warning))
    number = warning.count
    return printable(
        _TEXTS[warning.kind].format(
            requests=count(number, "request"),
            rows=count(number, "row"),
            sums=count(number, "sum"),
            bills=count(number, "bill"),
            days=count(number, "day"),
            tool=tool_name(warning.tool or ""),
            file=warning.file,
            line=warning.line,
            reason=reason(warning),
            ids=", ".join(warning.ids) + (", …" if number > len(warning.ids) else ""),
            currency=warning.currency,
            price_id=warning.price_id,
            caveat=warning.caveat,
            provider=warning.provider,
            model=warning.model,
            bill=money(warning.reported_usd or _ZERO, warning.currency or "USD"),
            ours=money(warning.priced_usd or _ZERO, warning.currency or "USD"),
        )
    )


def reason(warning: ReportWarning) -> str | None:
    """What is wrong, without a full stop; None where the kind of the warning says it."""
    if warning.fault is not None:
        return fault_text(warning.fault)
    if warning.file_fault is not None:
        return file_fault_text(warning)
    return warning.os_error or (None if warning.kind == "bill_differs" else warning.currency) or warning.caveat


def fault_text(fault: LineFault) -> str:
    """What is wrong with a line of the log, with the value; without a full stop."""
    match fault.cause:
        case "too_long":
            return f"too long: {fault.length_bytes:,} bytes, and a line has fewer than {LONGEST_LINE_BYTES:,}"
        case "not_utf8":
            return f"not UTF-8 at byte {fault.at}"
        case "torn":
            return "torn: the line ends in the middle"
        case "not_json" if fault.detail is None:
            return "not JSON that can be read"
        case "not_json":
            return f"not JSON: {fault.detail} at column {fault.at}"
        case "twice":
            return f"{_shown(fault.column)}: there twice"
        case "no_number":
            return "not JSON: NaN or an infinity is in it"
        case "not_an_object":
            return f"expected an object, got {_shown(fault.got)}"
        case "other_schema":
            return f"schema: expected '{fault.expected}', got {_shown(fault.got)}"
        case "missing":
            return f"{fault.column}: missing"
        case "unexpected":
            return f"{fault.column}: expected {fault.expected}, got {_shown(fault.got)}"
        case "unreadable":
            return "not a row that can be read"


def _shown(got: str | None) -> str:
    got = got or ""
    return got if len(got) <= _VALUE_CHARACTERS else f"{got[: _VALUE_CHARACTERS - 1]}…"
