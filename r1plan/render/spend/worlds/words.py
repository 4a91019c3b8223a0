"""The sentences of a report's other worlds: what it had cost there, what cannot be there, and what is assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import assert_never

from r1plan.money import money, usd
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count, percent, plain, rate, short_duration
from r1plan.report.whatif.values import Immovable, LocalWork, ReplayAssumption, WhatIf

_MOST_TIMES = 10  # above it no per cent are said
_ZERO = Decimal(0)


def what_if_notes(replays: Sequence[WhatIf], currency: str) -> Iterator[str]:
    """Each world in a few sentences, with what is assumed in those that were asked for one by one."""
    for each in replays:
        yield what_if_text(each, currency)
        if each.asked != "all":
            yield from (f"assumed: {assumption_text(assumed, currency)}" for assumed in each.assumptions)


def what_if_text(each: WhatIf, currency: str) -> str:
    """What the requests that can move cost there, against what they cost, and what stays, in one line."""
    name = f"what if {printable(each.target)}"
    stays = f"; {stays_text(each)}" if each.immovable else ""
    work = "" if each.local is None else f" {local_text(each.local)}"
    if not each.movable_requests:
        return f"{name}: none of the requests can be there{stays}.{work}"
    if each.cost_usd is None:
        return f"{name}: an amount that is not known for {count(each.movable_requests, 'request')}{stays}.{work}"
    cost = money(each.cost_usd, currency)
    bounds = _bounds(each, currency)
    return (
        f"{name}: {cost}{bounds} for {count(each.movable_requests, 'request')}{_instead(each, currency)}{stays}.{work}"
    )


def local_text(work: LocalWork) -> str:
    """What one's own machine does with the load: the time, the power, and whether it keeps up."""
    speed = f"{rate(work.tok_s)} tok/s with {printable(work.quant)} by {work.engine}"
    needed = work.machines_needed
    name = "This machine" if work.machine is None else f"The machine {printable(work.machine)}"
    asked = f"{plain(work.asked_per_day)} requests a day"
    if needed is None:
        why = _LIMITS.get(work.limit, "too slow")
        return f"{name}, {speed}, cannot serve {asked}: {why}."
    hours = ""
    if (busy := work.busy_hours) is not None:
        hours = f"works {plain(busy.mid)} ({plain(busy.low)} to {plain(busy.high)}) of {plain(work.hours)} hours"
    power = "" if work.kwh is None else f"draws {plain(work.kwh)} kWh"
    if work.usd_per_kwh is not None and power:
        power += f" at {usd(work.usd_per_kwh)} each"
    does = " and ".join(each for each in (hours, power) if each)
    wait = work.first_token_s
    waits = "" if wait is None else f"; 9 of 10 wait at most {short_duration(wait.p90)} for the first token"
    if needed == 1:
        keeps = f"It keeps up with {asked} in the busiest hour{waits}."
    else:
        keeps = (
            f"It alone does not keep up with {asked} in the busiest hour, as it serves "
            f"{plain(work.served_per_day)}: {count(needed, 'such machine')} would, which are in the cost{waits}."
        )
    return f"{name}, {speed}, {does or 'does it'}. {keeps}"


_LIMITS: Mapping[str, str] = {
    "tok_s": "each would get fewer tokens a second than is asked",
    "ttft": "first tokens would come too late",
    "patience": "first tokens would take more than 10 minutes",
    "throughput": "it makes too few tokens",
    "context": "most of them are longer than its context",
}


def _bounds(each: WhatIf, currency: str) -> str:
    if each.low_usd is None or each.high_usd is None or each.low_usd == each.high_usd:
        return ""
    return f" ({money(each.low_usd, currency)} to {money(each.high_usd, currency)})"


def _instead(each: WhatIf, currency: str) -> str:
    if each.instead_usd is None:
        return ", whose own cost is not known"
    own = money(each.instead_usd, currency)
    if each.instead_unknown_requests:
        own = f"{own} and an unknown amount for {each.instead_unknown_requests:,} of them"
    if each.saving_usd is None:
        return f" instead of {own}"
    if each.saving_usd == 0:
        return f" instead of {own}: the same"
    less = "less" if each.saving_usd > 0 else "more"
    is_share = 0 < abs(each.saving_usd) < each.instead_usd * _MOST_TIMES
    share = f", {percent(abs(each.saving_usd), each.instead_usd)}" if is_share else ""
    others = " without those" if each.instead_unknown_requests else ""
    return f" instead of {own}: {money(abs(each.saving_usd), currency)} {less}{share}{others}"


def stays_text(each: WhatIf) -> str:
    """How many requests stay as they are, and why, without a full stop."""
    number = each.immovable_requests
    whole = f"{count(number, 'request')} {'stays as it is' if number == 1 else 'stay as they are'}"
    if len(each.immovable) == 1:
        return f"{whole} ({_reason(each.immovable[0])})"
    reasons = ", ".join(f"{stay.requests:,} {_reason(stay)}" for stay in each.immovable)
    return f"{whole} ({reasons})"


def stay_text(each: Immovable) -> str:
    """Why they stay, as a sentence."""
    return f"{count(each.requests, 'request')} cannot be moved: {_reason(each)}."


def _reason(each: Immovable) -> str:
    match each.reason:
        case "not_ended":
            return "not ended"
        case "aborted":
            return "broken off"
        case "failed":
            return "failed"
        case "tokens_unknown":
            return "with an unknown number of tokens"
        case "no_price":
            return "no price is known for then"
        case "other_currency":
            return "billed there in another currency"
        case "context":
            return "too long for the context there"
        case "output":
            return "with a longer output than it gives"
        case "aggregate":
            return "sums over several prices"
        case "other_family":
            return "answered by another family of models"
        case "no_clock":
            return "priced alike at all hours"
        case "thinking_unknown":
            return "with an unknown part of thinking"
        case "does_not_fit":
            return "it does not fit into the machine"
        case "too_slow":
            return "more than the machine can do"
        case "local":
            return "answered here"
        case _:
            assert_never(each.reason)


def assumption_text(each: ReplayAssumption, currency: str) -> str:
    """One assumption as a sentence."""
    model, other = printable(each.model or ""), printable(each.instead_of or "")
    requests = count(each.requests, "request")
    match each.that:
        case "same_tokens" if each.usd is None:
            text = f"{model} counts tokens as {other} did."
        case "same_tokens":
            more = money(each.usd or _ZERO, currency)
            text = f"{model} counts tokens as {other} does; each 1 % more of them adds {more}."
        case "same_thinking":
            text = f"{model} thinks as long as {other}: nobody measured it."
        case "thinking_ratio" if each.ratio == 1:
            text = f"{model} thinks as long as {other}, by published averages."
        case "own_thinking_ratio":
            times = plain(float(each.ratio or _ZERO))
            text = f"{model} may think {times} times as long as {other}, by {requests} of it in the log: in the bounds."
        case "thinking_taken":
            text = (
                f"{model} thinks {plain(float(each.ratio or _ZERO))} times as long as {other}, by published averages."
            )
        case "thinking_ratio":
            times = plain(float(each.ratio or _ZERO))
            text = f"{model} may think {times} times as long as {other}, by published averages: in the bounds."
        case "same_hits":
            text = f"the cache there finds what it found here, of {requests}."
        case "hits_there":
            more = money(each.usd or _ZERO, currency)
            text = (
                f"its cache finds what it found here; how it works is not known, and without any hit it is {more} more."
            )
        case "no_hits_there":
            text = f"cached input costs as much as fresh there, of {requests}."
        case "hits_unknown":
            text = f"all input of {requests} is fresh, as their log does not say what was cached."
        case "estimated_tokens":
            text = f"the tokens of {requests} are estimates."
        case "lengths_unknown":
            text = f"each of {requests} that were added up is short enough for it."
        case "as_of":
            at = "" if each.at is None else f"{each.at:%Y-%m-%d %H:%M %Z}"
            text = f"the prices of {at} held all the time, each request at its own hour."
        case "price_caveat":
            text = f"{each.price_id} is right, of which: {each.caveat}."
        case "machine_on":
            text = "the machine was on all the time; the least is its work alone, and as fast as it may be."
        case "thinking_share":
            text = f"as much of the output of {requests} was thinking as of the others, as their log does not say."
        case "answers_unchanged":
            text = "the answers would have been as long."
        case _:
            assert_never(each.that)
    return printable(text)
