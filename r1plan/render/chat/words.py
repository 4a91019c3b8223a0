"""Sentences on how a question is being answered, from the facts of it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import assert_never

from r1plan.engine.chat import CONTEXT_NEARLY_FULL, MARK_UNKNOWN
from r1plan.engine.served import ServedNotice
from r1plan.errors import R1PlanError
from r1plan.ledger.entry import UsageEntry
from r1plan.money import usd
from r1plan.route.execution.bill import differs
from r1plan.route.execution.notes import (
    AsksNext,
    BreakerOpen,
    BrokeOff,
    Cascaded,
    CutOff,
    LoopEnded,
    Note,
    NotSent,
    Repeats,
    ThinkingClosed,
    ThinksLong,
    Uncounted,
    UnreadableLines,
)
from r1plan.route.spending.budget import TooDear

# But in a whole command of r1plan, which is for another line.
_OF_THE_COMMAND_LINE = re.compile(r"(?<!\w )--(model|route|system|thinking)\b(?= |$)")
_REACHED = {
    "budget": "has reached what it may cost",
    "thinking_limit": "has thought as long as it may",
    "thinking_loop": "only thinks the same again",
}
_WAYS_OUT = {
    "thinking": "Ctrl-C stops it, and --max-thinking N bounds the thinking.",
    "answer": "Ctrl-C stops it, and --max-tokens N bounds it.",
}


def note_text(note: Note) -> str:
    """What is said of it while the answer comes."""
    match note:
        case BreakerOpen(name, provider, until):
            when = f" until {until:%H:%M:%S} UTC" if until else ""
            return f"{name} is passed over{when}: {provider} has failed too often of late."
        case NotSent(name, error):
            if isinstance(error, TooDear):  # whose sentence begins with the name
                return f"{error.message.rstrip('.')}: passed over."
            return f"{name} is passed over: {error.message}"
        case AsksNext(why, name, wait_s):
            how = "instead." if wait_s is None else f"again in {wait_s:.1f} s."
            return f"{_why(why).rstrip('.')}; asking {name} {how}"
        case ThinkingClosed(name, limit):
            return f"{name} {_REACHED[limit]}: it answers from what it has thought."
        case Repeats(name, part, tokens):
            does = "thinking the same again and again" if part == "thinking" else "repeating itself"
            return f"{name} has been {does} for about {round(tokens, -2):,} tokens. {_WAYS_OUT[part]}"
        case ThinksLong(name, tokens, usual):
            return (
                f"{name} has thought for about {round(tokens, -2):,} tokens; nine of ten such questions take {usual:,} "
                f"at most. {_WAYS_OUT['thinking']}"
            )
        case LoopEnded(name):
            return f"{name} only repeated itself, and was ended there; what had come is kept."
        case CutOff(name, thinking_tokens):
            cut = "at what it may cost" if thinking_tokens is None else f"after {thinking_tokens:,} tokens of thinking"
            return f"{name} was cut off {cut}; what had come is kept."
        case BrokeOff(name):
            return f"{name} broke off after its answer had begun; what had come is kept."
        case Uncounted(name, "no_price"):
            return f"no price of {name} is known: the monthly budgets do not count what it costs."
        case Uncounted():
            return "with --no-log, later runs do not count what this costs in their budgets."
        case UnreadableLines(count):
            lines, them = ("a line", "it") if count == 1 else (f"{count:,} lines", "them")
            return (
                f"{lines} of this month's log cannot be read, so the budgets do not count {them}; "
                f"r1plan cost-report names {them}."
            )
        case _:
            assert_never(note)


def left_out_text(path: Path, lines: int) -> str:
    """That lines of a saved conversation are of no use."""
    what = "a line" if lines == 1 else f"{lines:,} lines"
    return f"{what} of {path} cannot be read: the conversation goes on without {'it' if lines == 1 else 'them'}."


def served_text(notice: ServedNotice) -> str:
    """That another model answered than the one that was asked, or that an id stands for one."""
    who, asked, served = notice.provider, notice.asked, notice.served
    if notice.why == "changed":
        return f"'{asked}' at {who} is answered by {served} now; it was {notice.before} before."
    if notice.why == "other":
        return f"{who} was asked for '{asked}'; {served} answered."
    if notice.why == "alias":
        since = f" since {notice.since:%Y-%m-%d %H:%M} UTC" if notice.since else ""
        return f"'{asked}' is an alias at {who}: {served} ({notice.serves}) answers{since}."
    return f"'{asked}' at {who} is {notice.serves} since {notice.since:%Y-%m-%d}."


_FLAGS = {
    CONTEXT_NEARLY_FULL: (
        "The context was nearly full: the thinking was ended, to leave room for the answer. --context N gives more."
    ),
    MARK_UNKNOWN: (
        "If this model thinks, that is shown and counted as its answer: its chat template marks it in a way that "
        "r1plan does not know."
    ),
}


def flag_texts(entry: UsageEntry) -> tuple[str, ...]:
    """What a person should know of a request that its flags say."""
    return tuple(text for flag, text in _FLAGS.items() if flag in entry.flags)


def hint_here(hint: str) -> str:
    """A hint that was made for the command line as it is typed in a conversation: /model for --model."""
    return _OF_THE_COMMAND_LINE.sub(r"/\1", hint)


def cost_text(entry: UsageEntry, price_usd: Decimal | None) -> str:
    """What a request cost: `price_usd` by our price, None: it is not known, and what the provider bills otherwise."""
    bill = None if entry.reported_usd is None else usd(entry.reported_usd)
    if price_usd is None:
        return "no price known" if bill is None else f"{bill} billed"
    guessed = "estimated" in (entry.provenance.get("input_tokens"), entry.provenance.get("output_tokens"))
    cost = f"about {usd(price_usd)}" if guessed else usd(price_usd)
    return f"{cost} by its price, {bill} billed" if differs(entry) and bill != usd(price_usd) else cost


def _why(why: R1PlanError | Cascaded) -> str:
    if isinstance(why, R1PlanError):
        return why.message
    if why.thinking_tokens is not None:
        return f"{why.name} has thought longer than {why.thinking_tokens:,} tokens."
    return f"{why.name} has not begun its answer within {why.after_s:g} s."
