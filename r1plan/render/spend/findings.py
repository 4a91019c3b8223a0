"""What stands out in a report, as sentences, each with the command or the habit that avoids it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from r1plan.money import exact, money
from r1plan.render.text.command import command_lines
from r1plan.render.text.sanitize import one_line
from r1plan.render.text.units import count, percent, plain, span, tokens
from r1plan.render.text.width import cells
from r1plan.render.text.wrap import wrapped
from r1plan.report.findings.broken_prefix import BrokenPrefix, BrokenTurn
from r1plan.report.findings.cut_at_limit import CutAtLimit
from r1plan.report.findings.dearest import DearestRequests
from r1plan.report.findings.failures import FailingProvider
from r1plan.report.findings.finding import FindingBasis, FindingKind, SpendFinding
from r1plan.report.findings.lost_answers import LostAnswers
from r1plan.report.findings.peak_hours import PeakHours
from r1plan.report.findings.retries import Retries
from r1plan.report.findings.served_change import ServedChange
from r1plan.report.findings.thinking_drift import ThinkingDrift
from r1plan.report.findings.tool_differs import ToolDiffers
from r1plan.report.spend import SpendReport

_FIRST_SCREEN = 4
_NAMED_REASONS = 3
_AVOID = "→ "
_MANY_TIMES = 3
# Of these ends another seller would have kept the answer; of all others a limit would have.
_SELLERS_FAULT = frozenset(
    {
        "first_token_timeout",
        "stalled",
        "timeout",
        "connection_lost",
        "unreachable",
        "refused",
        "server_failed",
        "bad_stream",
        "engine_failed",
        "failed",
    }
)


_TOPICS: Mapping[FindingKind, str] = {
    "retries": "retries",
    "lost_answers": "lost",
    "failures": "failed",
    "broken_prefix": "cache",
    "cut_at_limit": "cut",
    "peak_hours": "hours",
    "thinking_drift": "thinking",
    "served_change": "alias",
    "tool_differs": "tool",
    "dearest": "dearest",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendFindingText:
    """A finding for people: what was found, whether the log says so or something is assumed, and what avoids it.

    `topic` is a word to go before the `sentence`, which ends with the basis. `command` is one to type, `advice` a
    sentence where no command avoids it.
    """

    kind: FindingKind
    topic: str
    basis: FindingBasis
    sentence: str
    command: str | None = None
    advice: str | None = None
    is_first: bool = False


def finding_texts(report: SpendReport) -> tuple[SpendFindingText, ...]:
    """All findings of `report` in their order; those with `is_first` belong on the first screen, and are few."""
    told = 0
    texts = []
    for each in report.findings:
        is_first = each.worth_telling and told < _FIRST_SCREEN
        told += is_first
        sentence, avoid, is_command = _told(each, report)
        texts.append(
            SpendFindingText(
                kind=each.kind,
                topic=_TOPICS[each.kind],
                basis=each.basis,
                sentence=one_line(f"{sentence} ({each.basis})."),
                command=one_line(avoid) if avoid and is_command else None,
                advice=avoid if not is_command else None,
                is_first=is_first,
            )
        )
    return tuple(texts)


def finding_lines(report: SpendReport, width: int) -> Iterator[str]:
    """Those of the first screen for a terminal of `width` columns, each with what avoids it, and how many are left."""
    texts = finding_texts(report)
    first = [each for each in texts if each.is_first]
    for each in first:
        lines = list(wrapped(f"{each.topic}: {each.sentence}", width, later="  "))
        avoid = each.command or each.advice
        if avoid and cells(lines[-1]) + len(_AVOID) + 1 + cells(avoid) <= width:
            lines[-1] += f" {_AVOID}{avoid}"
        elif each.command:
            lines += command_lines(f"  {_AVOID}{each.command}", width)
        elif avoid:
            lines += wrapped(avoid, width, first=f"  {_AVOID}", later="    ")
        yield from lines
    if left := len(texts) - len(first):
        yield f"{count(left, 'more finding' if first else 'finding')} of less weight: --format md, or --json."


def _told(each: SpendFinding, report: SpendReport) -> tuple[str, str | None, bool]:
    """The sentence of a finding, what avoids it, and whether that is a command."""
    match each:
        case Retries():
            return _retries(each, report), _max_cost(report), True
        case LostAnswers():
            return _lost(each, report), _instead_of_losing(each, report), True
        case FailingProvider():
            share = percent(each.requests, each.of_requests)
            failed = f"{each.requests:,} of {count(each.of_requests, 'request')} to {each.provider} failed, {share}"
            return failed, "r1plan chat --route cheapest", True
        case BrokenPrefix():
            return _broken(each, report), _unbroken(each), False
        case CutAtLimit():
            return _cut(each, report), _uncut(each), True
        case PeakHours():
            return _peak(each, report), _off_peak(each, report.period.timezone), True
        case ThinkingDrift():
            return _drift(each, report), _less_thinking(each), True
        case ServedChange():
            return _served(each, report), f"r1plan prices list --provider {shlex.quote(each.provider)}", True
        case ToolDiffers():
            return _tool(each, report), "r1plan prices verify", True
        case DearestRequests():
            return _dearest(each, report), _max_cost(report), True
    raise AssertionError(each)


def _amount(each: SpendFinding, report: SpendReport) -> str:
    """What it is about, "$0.12" or "$0.02 to $0.24"."""
    return span(each.low_usd, each.high_usd, report.currency)


def _retries(each: Retries, report: SpendReport) -> str:
    attempts = count(each.requests, "attempt")
    where = f", {each.at_provider:,} of them at {each.provider}" if each.at_provider < each.requests else ""
    at = "" if where else f" at {each.provider}"
    none = f"; {count(each.unanswered, 'question')} got no answer at all" if each.unanswered else ""
    if each.high_usd == 0:
        return f"{attempts}{at} that did not answer, and cost nothing{where}{none}"
    return f"{_amount(each, report)} for {attempts}{at} beside those that answered{where}{none}"


def _lost(each: LostAnswers, report: SpendReport) -> str:
    answers = count(each.requests, "answer")
    if len(each.reasons) == 1:
        return f"{_amount(each, report)} for {answers} that never came whole, {_words(each.reasons[0].reason)}"
    named = [f"{reason.requests:,} {_words(reason.reason)}" for reason in each.reasons[:_NAMED_REASONS]]
    rest = sum(reason.requests for reason in each.reasons[_NAMED_REASONS:])
    reasons = ", ".join([*named, f"{rest:,} otherwise"] if rest else named)
    return f"{_amount(each, report)} for {answers} that never came whole: {reasons}"


def _words(reason: str) -> str:
    return {"aborted": "broken off", "started": "never ended"}.get(reason, reason.replace("_", " "))


def _instead_of_losing(each: LostAnswers, report: SpendReport) -> str | None:
    return "r1plan chat --route fastest" if each.reasons[0].reason in _SELLERS_FAULT else _max_cost(report)


def _max_cost(report: SpendReport) -> str | None:
    """The limit of cost that stops what is far from usual: three times the mean, to one digit."""
    cost_usd = report.totals.cost_usd
    if not cost_usd or not report.totals.requests or report.currency != "USD":
        return None
    usual = cost_usd * _MANY_TIMES / report.totals.requests
    return f"r1plan chat --max-cost {exact(usual.quantize(Decimal(1).scaleb(usual.adjusted()), ROUND_CEILING))}"


def _broken(each: BrokenPrefix, report: SpendReport) -> str:
    turns = f"{count(each.requests, 'turn')} of {count(each.conversations, 'conversation')}"
    changed = next((_changed(turn) for turn in each.worst if turn.changed), "")
    return f"{_amount(each, report)} for {tokens(each.lost_tokens)} tokens that the cache lost in {turns}{changed}"


def _changed(turn: BrokenTurn) -> str:
    change = turn.changed
    if change is None:
        return ""
    how = "was gone" if change.was_removed else f"changed at its character {change.at:,}"
    return f": in {turn.id} message {change.number} ({change.role}) {how}"


def _unbroken(each: BrokenPrefix) -> str:
    if any(turn.changed for turn in each.worst):
        return "Keep what a conversation begins with as it was."
    return "Keep what a conversation begins with as it was; chat --log-text lets the report name what changed."


def _cut(each: CutAtLimit, report: SpendReport) -> str:
    what = f"{count(each.requests, 'answer')} cut at {'its' if each.requests == 1 else 'their'} limit"
    eaten = f", {each.eaten:,} of them with nothing left after the thinking" if each.eaten else ""
    cost = money(each.high_usd or Decimal(0), report.currency)
    return f"{cost} for {what}{eaten}, most at {each.provider} {each.model}"


def _uncut(each: CutAtLimit) -> str:
    if each.eaten * 2 > each.requests:
        return f"r1plan chat --max-thinking {_round(max(each.longest_tokens // 2, 1))}"
    return f"r1plan chat --max-tokens {_round(each.longest_tokens * 2)}"


def _round(number: int) -> int:
    """A number of tokens to two digits, upwards."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return int(-(-number // step) * step)


def _peak(each: PeakHours, report: SpendReport) -> str:
    cheap, dear_hours = (" and ".join(hours) for hours in (each.cheap_hours_utc, each.dear_hours_utc))
    hours = f"at {cheap} UTC" if cheap else f"outside {dear_hours} UTC"
    dear = f"{count(each.requests, 'request')} that cost {money(each.dear_usd, report.currency)} at dearer hours"
    over = "" if each.clock_ended_at is None else f"; that clock ended on {each.clock_ended_at:%Y-%m-%d}"
    return f"At most {money(each.high_usd or Decimal(0), report.currency)} less {hours} for {dear}{over}"


def _off_peak(each: PeakHours, timezone: str) -> str | None:
    """By when to be answered: the end of the last cheap hours, on the clock of `timezone`."""
    if each.clock_ended_at is not None:
        return None
    # The cheap hours end with their window, or where the dear ones begin.
    end = each.cheap_hours_utc[-1].partition("-")[2] if each.cheap_hours_utc else each.dear_hours_utc[0][:5]
    there = datetime.combine(each.last_at.date(), time.fromisoformat(end), UTC).astimezone(ZoneInfo(timezone))
    return f"r1plan chat --by {there:%H:%M}"


def _drift(each: ThinkingDrift, report: SpendReport) -> str:
    more = each.high_usd or Decimal(0)
    cost = f"{money(more, report.currency)} more: " if more else ""
    ratios = f"{plain(each.ratio_after, 2)} tokens for each of the answer, {plain(each.ratio_before, 2)} before"
    return f"{cost}{each.provider} {each.model} thinks {ratios}"


def _less_thinking(each: ThinkingDrift) -> str | None:
    if each.ratio_after < each.ratio_before:
        return None
    return f"r1plan chat --max-thinking {_round(max(2 * each.thinking_before, 1))}"


def _served(each: ServedChange, report: SpendReport) -> str:
    name = f"{each.provider} {each.model}"
    known = f", {_amount(each, report)}" if each.low_usd or each.high_usd is not None else " at an unknown cost"
    cost = f"{count(each.requests, 'request')}{known}"
    if len(each.served) == 1:
        return f"{name} was answered by {_model(each.served[0].model)}: {cost}"
    last = each.served[-1]
    how = "was answered by" if each.source == "answers" else "stood for"
    if any(later.first_at < earlier.last_at for earlier, later in pairwise(each.served)):
        several = ", ".join(f"{_model(model.model)} {model.requests:,} times" for model in each.served[:_NAMED_REASONS])
        rest = f" and {len(each.served) - _NAMED_REASONS:,} others" if len(each.served) > _NAMED_REASONS else ""
        return f"{name} {how} {several}{rest}"
    between = f", {len(each.served) - 2:,} others" if len(each.served) > 2 else ""
    first = _model(each.served[0].model)
    return f"{name} {how} {first}{between}, from {last.first_at:%Y-%m-%d} on {_model(last.model)}: {cost}"


def _model(name: str) -> str:
    """A model without what the book says of its later life."""
    return re.sub(r", then [^(]*[^( ]", "", name)


def _tool(each: ToolDiffers, report: SpendReport) -> str:
    theirs, ours = (money(usd, report.currency) for usd in (each.tool_usd, each.priced_usd))
    return f"{each.tool} reckoned {theirs} for {count(each.requests, 'request')}; at the prices of then it is {ours}"


def _dearest(each: DearestRequests, report: SpendReport) -> str:
    first = each.dearest[0]
    cost_usd = report.totals.cost_usd or Decimal(0)
    several = f"; the dearest {len(each.dearest)} cost {percent(each.low_usd, cost_usd)} of all"
    share = several if len(each.dearest) > 1 else ""
    name = f"{first.provider} {first.model}, {first.at:%Y-%m-%d %H:%M} UTC"
    return f"{first.id} cost {money(first.cost_usd, report.currency)}, of {name}{share}"
