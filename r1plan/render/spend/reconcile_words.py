"""The sentences of a bill against the log: each cause with what it came to and what can be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import assert_never

from r1plan.money import exact, money
from r1plan.render.spend.sources import tool_name
from r1plan.render.spend.traps import left_out_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count, tokens
from r1plan.report.reconcile.result import BillDifference, Cause, Reconciliation

_ZERO = Decimal(0)
_NAMED = 3
_NAMED_IDS = 5
_PROVIDERS = {
    "deepseek": "DeepSeek",
    "openrouter": "OpenRouter",
    "openai": "OpenAI",
    "fireworks": "Fireworks",
    "together": "Together",
}
# Tools that log what they ask of providers: none of them sends a bill.
_LOGS = frozenset(
    ("r1plan", "litellm", "helicone", "langfuse", "otel", "llm", "opencode", "claude-code", "dsh", "cline")
)
# In the order in which they are told.
_SHORT: Mapping[Cause, str] = {
    "missing": "missing in your log",
    "extra": "in your log alone",
    "tier": "at the other price of the clock",
    "day": "on another day",
    "price": "at another price",
    "unpriced": "without a price here",
    "hit_rate": "cached otherwise",
    "broken_off": "known here by bounds alone",
    "estimated": "estimated here",
    "requests": "counted otherwise",
    "rounding": "rounding",
    "unexplained": "unexplained",
}


def provider_name(provider: str) -> str:
    """What a provider is called by its makers."""
    return _PROVIDERS.get(provider, printable(provider))


def answer(found: Reconciliation) -> str:
    """What was billed, what the log says, and what makes the difference, in one sentence."""
    name = _teller(found)
    match found.outcome:
        case "empty":
            return f"The export of {name} has no line: there is nothing to compare."
        case "nothing_logged":
            return f"{name} {_told(found)}; your log has no request to it in that time."
        case "apart":
            return f"{name} {_told(found)}; your log has {_outside(found, 'log')}: no day in common."
        case "other_currency":
            other = printable(found.bill_currency or "")
            return f"{name} billed in {other} and the report is in {found.currency}: add --currency {other}."
        case "compared":
            return f"{name} {_billed(found)}: {_difference(found)}."
        case _:
            assert_never(found.outcome)


def _teller(found: Reconciliation) -> str:
    """Who tells the figures: the provider itself, or a tool that logs what was asked of it."""
    name = provider_name(found.provider)
    return name if found.source not in _LOGS else f"{tool_name(found.source)}'s log of {name}"


def _told(found: Reconciliation) -> str:
    """What an export tells of days that are not compared."""
    is_money = any(each.side == "bill" and each.usd is not None for each in found.outside)
    return f"{'billed' if is_money else 'tells'} {_outside(found, 'bill')}"


def _billed(found: Reconciliation) -> str:
    when = period(found)
    if found.billed_usd is None:
        return f"tells tokens and no money {when}; at our prices"
    logged = money(found.logged_usd or _ZERO, found.currency)
    if found.difference_usd == 0:
        return f"billed {money(found.billed_usd, found.currency)} {when}; your log says the same"
    return f"billed {money(found.billed_usd, found.currency)} {when}; your log says {logged}"


def _difference(found: Reconciliation) -> str:
    if not found.lines and found.compared == 1:
        return "its one day and model matches"
    if not found.lines:
        return f"all {found.compared:,} days × models match" if found.compared else "neither has a request"
    causes = by_cause(found)
    usd = found.difference_usd or _ZERO
    if len(causes) == 1 and "rounding" in causes:
        return f"all tokens match, and {signed(usd, found.currency)} is rounding"
    parts = ", ".join(f"{_worth(lines, found.currency)} {_SHORT[cause]}" for cause, lines in causes.items())
    if not usd and any(line.usd is None for line in found.lines):
        return f"they differ, and by how much money is not known: {parts}"
    if usd == 0:
        return f"what differs is no money in sum: {parts}"
    side = "more" if usd > 0 else "less"
    return f"{money(abs(usd), found.currency)} {side} was billed, of which {parts}"


def by_cause(found: Reconciliation) -> dict[Cause, list[BillDifference]]:
    """The lines by cause, in the order in which causes are told."""
    return {cause: lines for cause in _SHORT if (lines := [line for line in found.lines if line.cause == cause])}


def _worth(lines: Sequence[BillDifference], currency: str) -> str:
    """What lines come to; how many requests or tokens they are where they are no money, or nobody knows how much."""
    number = abs(sum(line.requests or 0 for line in lines))
    if any(line.usd for line in lines):
        return _sum_text([line.usd for line in lines], currency)
    return count(number, "request") if number else f"{tokens(_tokens(lines))} tokens"


def _tokens(lines: Sequence[BillDifference]) -> int:
    return sum(abs(amount) for line in lines for amount in line.tokens.values())


def _sum_text(amounts: Sequence[Decimal | None], currency: str) -> str:
    known = [amount for amount in amounts if amount is not None]
    if not known:
        return "an unknown amount"
    return signed(sum(known, _ZERO), currency) + (" and more" if len(known) < len(amounts) else "")


def signed(amount: Decimal, currency: str) -> str:
    """An amount with its sign in front: "-$0.04"."""
    return f"-{money(-amount, currency)}" if amount < 0 else money(amount, currency)


def _outside(found: Reconciliation, side: str) -> str:
    for each in found.outside:
        if each.side == side:
            some = "tokens and no money" if each.usd is None else money(each.usd, found.bill_currency or found.currency)
            days = f"on {each.first_day}" if each.first_day == each.last_day else f"{each.first_day} to {each.last_day}"
            return f"{some} ({days})"
    return "nothing"


def period(found: Reconciliation) -> str:
    """The days that are compared: "in June 2026", "from 2026-06-02 to 2026-06-08"."""
    if found.start is None or found.until is None:
        return ""
    shift = timedelta(minutes=found.offset_minutes)
    first, after = found.start + shift, found.until + shift
    last = after - timedelta(microseconds=1)
    if first.day == 1 and after.day == 1 and (first.year, first.month) == (last.year, last.month):
        return f"in {first:%B %Y}"
    if first.date() == last.date():
        return f"on {first:%Y-%m-%d}"
    return f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def cause_text(cause: Cause, lines: Sequence[BillDifference], found: Reconciliation) -> str:
    """What a cause came to, where, and what can be done about it."""
    is_money = any(line.usd != 0 for line in lines)
    usd = f"{_sum_text([line.usd for line in lines], found.currency)}: " if is_money else ""
    requests = sum(line.requests or 0 for line in lines)
    number = _tokens(lines)
    some = f"{count(abs(requests), 'request')}, {tokens(number)} tokens" if requests else f"{tokens(number)} tokens"
    where = _places(lines)
    match cause:
        case "missing":
            what = f"{some} that your log lacks{_keys(lines)}{where}; sent past it, or its log is not given"
        case "extra":
            what = f"{some} that were not billed{where}{_ids(lines)}; of another account, or the export is older"
        case "tier":
            near = "near a change of the price " if any(line.ids for line in lines) else ""
            what = f"{some} {near}at the price of its other side{where}{_ids(lines)}"
        case "day":
            what = f"{some} near midnight{where}{_ids(lines)}"
        case "price":
            what = f"{_prices(lines, found.currency)}{where}; see r1plan prices verify --provider {found.provider}"
        case "unpriced":
            what = f"{tokens(number)} tokens whose price is not known here{where}"
        case "hit_rate":
            what = f"{tokens(number // 2)} tokens cached on one side and fresh on the other{where}"
        case "broken_off":
            what = f"{some}, within the bounds that your log has of what broke off{where}"
        case "estimated":
            what = f"{tokens(number)} tokens that nobody had counted here{where}"
        case "requests":
            side = "there" if requests > 0 else "here"
            what = f"{count(abs(requests), 'request')} counted {side} alone, without tokens{where}"
        case "rounding":
            unit = money(lines[0].unit_usd or _ZERO, found.currency)
            what = f"the bill's amounts are in steps of {unit}, {len(lines):,} days × models"
        case "unexplained":
            what = f"nothing explains it{where}"
        case _:
            assert_never(cause)
    return f"{_SHORT[cause]}: {usd}{what}."


def _places(lines: Sequence[BillDifference]) -> str:
    """Where most of it is."""
    dearest = sorted(lines, key=lambda line: (-abs(line.usd or _ZERO), line.day, line.model))
    places = list(dict.fromkeys(f"{line.day} {printable(line.model)}" for line in dearest))
    more = f" and {len(places) - _NAMED:,} more" if len(places) > _NAMED else ""
    return f" ({', '.join(places[:_NAMED])}{more})"


def _ids(lines: Sequence[BillDifference]) -> str:
    ids = [printable(each) for line in lines for each in line.ids]
    if not ids:
        return ""
    more = f" and {len(ids) - _NAMED_IDS:,} more" if len(ids) > _NAMED_IDS else ""
    return f": {', '.join(ids[:_NAMED_IDS])}{more}"


def _keys(lines: Sequence[BillDifference]) -> str:
    keys = sorted({line.key for line in lines if line.key is not None})
    return f", all of the key {', '.join(printable(key) for key in keys)}" if keys else ""


def _prices(lines: Sequence[BillDifference], currency: str) -> str:
    sign = "¥" if currency == "CNY" else "$"
    kinds = {"input_miss": "fresh input", "input": "input", "cache_hit": "cached input", "output": "output"}
    told = dict.fromkeys(
        f"{kinds[line.kind]} at {sign}{exact(line.billed_price * 10**6)} and not {sign}{exact(line.our_price * 10**6)}"
        for line in lines
        if line.kind is not None and line.billed_price is not None and line.our_price is not None
    )
    if not told:
        return "the same tokens for other money"
    more = f" and {len(told) - _NAMED:,} more" if len(told) > _NAMED else ""
    return f"{', '.join(list(told)[:_NAMED])}{more} for a million tokens"


def _tolerance(found: Reconciliation) -> str:
    """Whether the causes come to more than may be."""
    most = money(found.tolerance_usd, found.currency)
    if found.off_usd is None:
        return "tolerance: what some of it costs is not known: exit code 1."
    off = money(found.off_usd, found.currency)
    if off == most and found.off_usd != found.tolerance_usd:
        off, most = (exact(amount) for amount in (found.off_usd, found.tolerance_usd))
    if found.is_within_tolerance:
        return f"tolerance: all causes beside rounding come to {off}, and {most} may be."
    return f"tolerance: all causes beside rounding come to {off}, more than {most}: exit code 1."


def remarks(found: Reconciliation) -> Iterator[str]:
    """What is not compared, how days and names are read, and what else the bill says."""
    if found.outcome == "compared" and any(line.cause != "rounding" for line in found.lines):
        yield _tolerance(found)
    for each in found.outside if found.outcome == "compared" else ():
        whose, other = ("the bill", "your log") if each.side == "bill" else ("your log", "the bill")
        days = each.first_day if each.first_day == each.last_day else f"{each.first_day} to {each.last_day}"
        some = "" if each.usd is None else f" ({money(each.usd, found.currency)})"
        yield f"not compared: {days} of {whose}{some}, which {other} does not cover."
    if found.source in _LOGS:
        yield f"no bill: {tool_name(found.source)} is no provider; its export is another log of the same requests."
    if found.offset_minutes:
        hours, minutes = divmod(abs(found.offset_minutes), 60)
        zone = f"UTC{'+' if found.offset_minutes > 0 else '-'}{hours}{f':{minutes:02}' if minutes else ''}"
        how = "as its figures show" if found.is_offset_found else "as it says"
        yield f"days: the bill's are those of {zone}, {how}."
    for names in found.same_models:
        first, *others = (printable(name) for name in names)
        yield (
            f"models: {', '.join(others)} is {first} on the bill."
            if len(others) == 1
            else (f"models: {', '.join(others)} are {first} on the bill.")
        )
    if found.unknown_keys:
        yield f"keys: your log has no request of {', '.join(printable(key) for key in found.unknown_keys)}."
    if found.granted_usd:
        yield f"granted: {money(found.granted_usd, found.currency)} of it was paid from a granted balance."
    if found.byok_usd:
        yield f"own keys: {money(found.byok_usd, found.currency)} more is owed to others under keys of your own."
    for currency, amount in found.other_usd.items():
        yield f"not compared: {exact(amount)} {printable(currency)} that is billed beside."
    for trap, number in found.left_out.items():
        yield f"{left_out_text(trap, number)}."
