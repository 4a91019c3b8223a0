"""What `--explain` says of a month: capacity, money, where it breaks even, a common claim, and the other ways."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from r1plan.money import month_usd
from r1plan.plan.capacity.capacity import Capacity
from r1plan.plan.cost.claim import CLAIMED, SavingClaim
from r1plan.plan.cost.own import OwnCost
from r1plan.plan.month.demand import Demand
from r1plan.plan.outlook.option_outlook import OptionOutlook
from r1plan.plan.outlook.outlook import Outlook
from r1plan.plan.speed import Range
from r1plan.render.outlook.frontier import frontier_lines
from r1plan.render.outlook.words import (
    TOO_LONG,
    api_name,
    bill_name,
    break_even_text,
    change_text,
    copies_text,
    cut_off_text,
    moved_text,
    served_text,
    share_text,
)
from r1plan.render.text.screen import Screen
from r1plan.render.text.units import count, duration, plain, rate

_MOST_CLAIMS = 3


class OutlookPart(NamedTuple):
    """A heading and what stands below it; an indented line belongs to the one before."""

    heading: str
    lines: tuple[str, ...]


def outlook_parts(outlook: Outlook) -> Iterator[OutlookPart]:
    """Capacity, money, and the claim where it was asked for; nothing where nothing runs."""
    choice = outlook.choice
    if choice is None:
        return
    cost = choice.cost
    yield OutlookPart(f"Capacity ({choice.capacity.basis})", tuple(_capacity(choice, outlook.demand)))
    if not choice.capacity.requests_per_day:
        return
    heading = f"Money ({bill_name(cost.kind)}; {cost.basis})"
    yield OutlookPart(heading, tuple(_money(cost, outlook)))
    if outlook.claim is not None:
        low, high = (f"{share * 100:.0f}" for share in CLAIMED)
        claim = f"People say R1 costs {low} to {high} % less than GPT-5 or Claude Opus"
        heading = f"{claim}. Today, for your requests:"
        yield OutlookPart(heading, tuple(_claim(outlook.claim)))


def outlook_lines(outlook: Outlook, screen: Screen) -> Iterator[str]:
    """The lines: short parts, an empty line and a heading before each."""
    for part in outlook_parts(outlook):
        yield ""
        yield part.heading
        yield from (f"  {line}" for line in part.lines)
    if outlook.choice is not None and outlook.ways is not None:
        yield ""
        yield "Ways to do the month's work that nothing beats"
        yield from (f"  {line}" for line in frontier_lines(outlook.ways, screen.columns - 2, in_full=True))


def limit_text(capacity: Capacity) -> str:
    """What ends the number of requests that a machine serves."""
    match capacity.limit:
        case "tok_s":
            return "more at once would each get fewer tokens a second than is asked"
        case "ttft":
            return f"with more, one in ten would wait longer than {duration(capacity.ttft_limit_s)} for the first token"
        case "patience":
            wait = duration(capacity.ttft_limit_s)
            return f"with more, one in ten would wait longer than {wait} for the first token (--slo-ttft)"
        case "throughput":
            return "it makes all the tokens that it can"
        case "context":
            return TOO_LONG


def _capacity(choice: OptionOutlook, demand: Demand) -> Iterator[str]:
    capacity = choice.capacity
    if capacity.limit == "context":
        yield f"none: {TOO_LONG}"
        return
    if not capacity.requests_per_day:
        late = f"even alone the first token takes longer than {duration(capacity.ttft_limit_s)}"
        slow = f"even alone an answer comes at about {rate(capacity.decode_tok_s_each.mid)} tok/s"
        yield f"none: {slow if capacity.limit == 'tok_s' else late}"
        return
    copies = copies_text(choice)
    per_day = f"{served_text(capacity.requests_per_day)} a day{copies and f' {copies}'}"
    yield f"one machine serves {per_day}: {limit_text(capacity)}"
    if cut_off := cut_off_text(capacity):
        context = "" if choice.context is None else f" at {choice.context:,} tokens"
        yield f"{cut_off}{context}"
    yield f"{_peak(demand)}"
    flat_out = served_text(capacity.flat_out_per_day)
    yield f"without a pause, with a queue that never empties, it would do {flat_out} a day"
    at_once = capacity.concurrency
    total, each = _range(capacity.decode_tok_s_total), _range(capacity.decode_tok_s_each)
    on = "" if capacity.copies == 1 else " to each copy"
    yield f"{count(at_once, 'request')} at once{on}: {total} tok/s" + ("" if at_once == 1 else f" in all, {each} each")
    if capacity.knee > 1:
        yield f"{capacity.knee:,} at once get nine tenths of the most in all: {capacity.knee_limit} limits them"
    if capacity.ttft_s is not None:
        half, most = duration(capacity.ttft_s.p50), duration(capacity.ttft_s.p90)
        yield f"at the busiest hour half get their first token within {half}, nine in ten within {most}"
    if capacity.machines_needed is not None and demand.requests_per_day is not None:
        needed = count(capacity.machines_needed, "machine")
        busy = "" if capacity.busy_share is None else f", at work for {share_text(capacity.busy_share)} of the month"
        yield f"{plain(demand.requests_per_day)} a day take {needed}{busy}"


def _peak(demand: Demand) -> str:
    """How the day's requests are spread."""
    hours = "as the log has them" if demand.hours_basis == "logged" else "assumed"
    lengths = "as the log has them" if demand.basis == "logged" else "assumed to differ as R1's do"
    share = share_text(demand.peak_hour_share)
    return f"the busiest hour has {share} of a day's requests ({hours}); lengths are {lengths}"


def _money(cost: OwnCost, outlook: Outlook) -> Iterator[str]:
    even, against = outlook.break_even, outlook.against
    yield f"taken from: {cost.source}"
    yield from _bill(cost, outlook.demand)
    if against is None or even is None:
        return
    name = api_name(against)
    yield f"{break_even_text(even, name, cost.kind)}"
    if even.saving_usd_per_month is not None and against.usd_per_month is not None:
        api = month_usd(against.usd_per_month)
        saving = even.saving_usd_per_month
        more = f"cost {month_usd(-saving)} more" if saving < 0 else f"save {month_usd(saving)}"
        yield f"{name} costs {api} a month: the machines {more}"
    if even.sensitivity:
        yield "What would change that:"
        for row in even.sensitivity:
            if row.requests_per_day is not None:
                yield f"  {moved_text(row)}"
        if never := [change_text(row) for row in even.sensitivity if row.requests_per_day is None]:
            yield f"  never cheaper with {', '.join(never[:-1])}{' or ' if never[1:] else ''}{never[-1]}"


def _bill(cost: OwnCost, demand: Demand) -> Iterator[str]:
    if cost.kind != "rented" and cost.watts_busy is not None and cost.watts_idle is not None:
        yield f"{cost.watts_busy:.0f} W at work and {cost.watts_idle:.0f} W waiting, at the wall"
    bill = cost.bill
    if bill is not None and demand.requests_per_day is not None:
        parts = (
            ("rent", bill.rent_usd),
            ("purchase", bill.purchase_usd),
            ("electricity at work", bill.busy_usd),
            ("electricity waiting", bill.idle_usd),
        )
        said = ", ".join(f"{month_usd(Decimal(usd))} {name}" for name, usd in parts if usd)
        machines = "" if bill.machines == 1 else f" for {bill.machines:,} machines"
        yield f"a month{machines}: {month_usd(Decimal(bill.total_usd))}" + (f" ({said})" if said else "")
    if cost.usd_per_mtok_output is not None:
        by = "without a pause" if demand.requests_per_day is None else "for your requests"
        yield f"a million tokens of output, reservation-based: {month_usd(cost.usd_per_mtok_output)} {by}"
        if demand.requests_per_day is not None and cost.usd_per_mtok_flat_out is not None:
            yield f"  {month_usd(cost.usd_per_mtok_flat_out)} if it served all that it can"


def _claim(claim: SavingClaim) -> Iterator[str]:
    named = [row for row in claim.rows if row.is_named][:_MOST_CLAIMS]
    for row in named:
        other = row.other.model
        said = f"R1 at {claim.r1.provider} costs {_less(row.saving_share)} than {other} for as many tokens"
        if claim.own is not None and (own := claim.own_saving(row)) is not None:
            said += f", {claim.own.model} {_less(own)}"
        if row.par_output_share is not None:
            said += f"; R1 and {other} cost the same where that writes {share_text(row.par_output_share)} as many"
        yield said
    if not named:
        yield "neither is sold at a known price"
    yield "how long those think nobody publishes: as many tokens are assumed"


def _less(share: float) -> str:
    return f"{share_text(share)} less" if share >= 0 else f"{share_text(-share)} more"


def _range(speed: Range) -> str:
    return f"{rate(speed.mid)} ({rate(speed.low)} to {rate(speed.high)})"
