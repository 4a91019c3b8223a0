"""The sentences of an outlook: how many requests a machine serves, what a month costs, and from where on that pays."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import assert_never

from r1plan.market.compare import ApiOffer
from r1plan.money import month_usd
from r1plan.plan.capacity.capacity import Capacity, Limits
from r1plan.plan.cost.break_even import BreakEven, SensitivityRow
from r1plan.plan.cost.terms import TermsKind
from r1plan.plan.outlook.option_outlook import OptionOutlook
from r1plan.plan.outlook.outlook import Outlook
from r1plan.render.text.units import count, duration, plain, rate

TOO_LONG = "most requests are longer than its context"
_MOST_DIGITS = 12
_FEW = 100


def month_clause(outlook: Outlook) -> str:
    """What follows the headline's figures: whom the machine serves, and what the month costs; empty: nobody asked."""
    choice, asked = outlook.choice, outlook.demand.requests_per_day
    if choice is None:
        return ""
    capacity = choice.capacity
    limited = outlook.limits.ttft_s is not None or outlook.limits.tok_s is not None
    if not capacity.requests_per_day:
        return _serves_nobody(capacity, outlook.limits)
    if asked is None and outlook.limits.users is None:
        return _joined(_serves(choice, outlook), cut_off_text(capacity)) if limited else ""
    users = _users(capacity, outlook.limits)
    if asked is None:
        return _joined(users, cut_off_text(capacity))
    return _joined(users, _requests(choice, outlook), cut_off_text(capacity), against_clause(outlook))


def against_clause(outlook: Outlook) -> str:
    """What the month costs where it costs least by the token; empty where nobody said how many requests there are."""
    against = outlook.against
    if against is None or against.usd_per_month is None:
        return ""
    return f"{api_name(against)} would cost {month_usd(against.usd_per_month)} a month"


def break_even_text(even: BreakEven, name: str, kind: TermsKind = "electricity") -> str:
    """From how many requests a day the machine is cheaper than `name`, as a sentence; `kind` is what it is paid by."""
    several = f"{even.machines:,} such machines"
    is_, serve = ("it is", "it serves") if even.machines == 1 else (f"{several} are", "they serve")
    match even.reason:
        case "from there on":
            from_ = volume_text(even.requests_per_day or 0.0)
            share = "" if even.utilisation is None else f", {share_text(even.utilisation)} of what {serve}"
            return f"From {from_} a day on{share}, {is_} cheaper than {name}."
        case "from the first request":
            return f"{_begun(is_)} cheaper than {name} from the first request on."
        case "beyond what one machine serves":
            needed = even.needed_per_day
            would = "" if needed is None else f": that would take {volume_text(needed)} a day"
            return f"{_begun(is_)} never cheaper than {name} within what {serve}{would}."
        case "each request is dearer":
            return f"{_begun(is_)} never cheaper than {name}: the electricity of each request alone costs more."
        case "it serves none":
            return f"It serves nobody, so that it is never cheaper than {name}."
        case "another currency":
            return f"{name} is sold in another currency, which is not converted."
        case "own cost is unknown":
            if kind == "rented":
                return "It uses no card, so that --gpu-hour says nothing of what it costs."
            ways = "--gpu names its card, --gpu-hour its rent"
            return f"What it costs is not known, as nothing says what it draws: {ways}."
        case _:
            assert_never(even.reason)


def moved_text(row: SensitivityRow) -> str:
    """The break-even with one thing changed, where there is one: "half the thinking: from 120 requests a day"."""
    then = f"from {volume_text(row.requests_per_day)} a day" if row.requests_per_day else "from the first request"
    return f"{change_text(row)}: {then}"


def share_text(share: float) -> str:
    """A share in per cent, in two digits below ten: "14 %", "0.7 %"."""
    per_cent = share * 100
    return f"{per_cent:.0f} %" if per_cent >= 9.95 else f"{plain(per_cent, 2)} %"


def api_name(offer: ApiOffer) -> str:
    """A model by its seller: "DeepSeek's deepseek-flash"."""
    return f"{offer.provider_name}'s {offer.model.rpartition('/')[2]}"


def bill_name(kind: TermsKind) -> str:
    """What a month's bill is of."""
    return {"electricity": "electricity", "rented": "rent", "bought": "purchase and electricity"}[kind]


def served_text(per_day: float, asked: float | None = None) -> str:
    """A number of requests, rounded down to two digits, three below a hundred, and more where `asked` lies between."""
    for digits in range(2 if per_day >= _FEW else 3, _MOST_DIGITS):
        rounded = _down(per_day, digits)
        if asked is None or (rounded >= asked) == (per_day >= asked):
            break
    number = plain(rounded, _MOST_DIGITS)
    return f"{number} request" if number == "1" else f"{number} requests"


def volume_text(per_day: float) -> str:
    """A number of requests that is not too few: rounded up, in three digits, from ten on in whole ones."""
    number = float(ceil(per_day - 1e-9)) if 10 <= per_day < 100 else _up(per_day, 3)
    text = f"{number:,.0f}" if number == round(number) else f"{number:,.3g}"
    return f"{text} request" if text == "1" else f"{text} requests"


def cut_off_text(capacity: Capacity) -> str:
    """How many of the answers don't end; empty: all do."""
    return f"it cuts off {share_text(capacity.cut_off_share)} of the answers" if capacity.cut_off_share else ""


def copies_text(outlook: OptionOutlook) -> str:
    """How often the option runs on one machine: "as 2 copies on 3 cards each"; empty: once."""
    copies = outlook.capacity.copies
    return "" if copies == 1 else f"as {copies} copies on {count(len(outlook.cards), 'card')} each"


def _down(number: float, digits: int) -> float:
    if number <= 0:
        return 0.0
    unit = 10.0 ** (floor(log10(number)) - digits + 1)
    return round(floor(number / unit + 1e-9) * unit, 12)


def _up(number: float, digits: int) -> float:
    if number <= 0:
        return 0.0
    unit = 10.0 ** (floor(log10(number)) - digits + 1)
    return round(ceil(number / unit - 1e-9) * unit, 12)


def _begun(words: str) -> str:
    """`words` as a sentence begins."""
    return words[0].upper() + words[1:]


def _requests(choice: OptionOutlook, outlook: Outlook) -> str:
    """Whether the machine serves the month, and for what."""
    capacity, cost, asked = choice.capacity, choice.cost, outlook.demand.requests_per_day
    said = _serves(choice, outlook)
    needed = capacity.machines_needed
    if needed is None or asked is None:
        return said
    yours = f"your {plain(asked)}"
    if needed > 1:
        total = cost.usd_per_month_of_machines_needed
        of_all = "" if total is None else f", {month_usd(total)} a month of {bill_name(cost.kind)}"
        return f"{said}, and {yours} {'needs' if asked == 1 else 'need'} {needed:,} such machines{of_all}"
    if cost.usd_per_month is None:
        return f"{said}, enough for {yours}"
    return f"{said} and does {yours} for {month_usd(cost.usd_per_month)} a month of {bill_name(cost.kind)}"


def _joined(*clauses: str) -> str:
    return "; ".join(filter(None, clauses))


def _serves(choice: OptionOutlook, outlook: Outlook) -> str:
    """How many it serves, and how."""
    per_day = served_text(choice.capacity.requests_per_day, outlook.demand.requests_per_day)
    copies = copies_text(choice)
    return f"it serves about {per_day} a day{_within(outlook.limits)}{copies and f' {copies}'}"


def _users(capacity: Capacity, limits: Limits) -> str:
    """What so many at once get."""
    if limits.users is None:
        return ""
    if capacity.machines_needed is None:
        return f"it cannot serve {limits.users:,} at once{_within(limits)}"
    said = count(limits.users, "person") if limits.users == 1 else f"{limits.users:,} people at once"
    machines, copies = capacity.machines_needed, capacity.copies_needed or capacity.machines_needed
    on = "" if machines == 1 else f" on {machines:,} such machines"
    first = "" if capacity.ttft_s is None else f", the first token within {duration(capacity.ttft_s.p90)}"
    each = f"about {rate(capacity.decode_tok_s_each.mid)} tok/s"
    places = capacity.concurrency
    if limits.users > copies * places:
        turns = "one at a time" if places == 1 else f"{places:,} at a time"
        return f"{said} take turns{on}, {turns} at {each} each{first}"
    if limits.users == 1:
        return f"{said} gets {each}{first}"
    return f"{said} get {each} each{on}{first}"


def _within(limits: Limits) -> str:
    said = []
    if limits.ttft_s is not None:
        said.append(f"within {duration(limits.ttft_s)} to the first token")
    if limits.tok_s is not None:
        said.append(f"at {plain(limits.tok_s)} tok/s each")
    return f" {' and '.join(said)}" if said else ""


def missed_text(outlook: Outlook, *, anything: bool) -> str:
    """What is asked of each answer and not reached even alone, by `anything` here or by the one option; else empty."""
    choice, limits = outlook.choice, outlook.limits
    if choice is None or choice.capacity.requests_per_day:
        return ""
    who = "Nothing here" if anything else "This never"
    if choice.capacity.limit == "tok_s" and limits.tok_s is not None:
        alone = rate(choice.capacity.decode_tok_s_each.mid)
        return f"{who} gives {plain(limits.tok_s)} tok/s (--slo-tok-s): even alone an answer comes at about {alone}"
    if choice.capacity.limit == "ttft" and limits.ttft_s is not None:
        return f"{who} gives the first token within {duration(limits.ttft_s)} (--slo-ttft), even alone"
    return ""


def _serves_nobody(capacity: Capacity, limits: Limits) -> str:
    """Why not even one alone is served as was asked."""
    if capacity.limit == "context":
        return f"it serves nobody: {TOO_LONG}"
    if capacity.limit == "tok_s":
        alone = rate(capacity.decode_tok_s_each.mid)
        return f"it serves nobody at --slo-tok-s {limits.tok_s:g}: even alone an answer comes at about {alone} tok/s"
    if limits.ttft_s is not None:
        return f"it serves nobody at --slo-ttft {limits.ttft_s:g}: even alone the first token takes longer"
    return f"it serves nobody: even alone the first token takes more than {duration(capacity.ttft_limit_s)}"


def change_text(row: SensitivityRow) -> str:
    """What is other than now: "half the thinking"."""
    value = row.value
    times = f"{plain(value)} times" if value >= 1 else f"{plain(value, 2)} of"
    match row.what:
        case "cache share":
            return f"{value * 100:.0f} % of the input cached"
        case "peak share":
            return "all at peak prices" if value == 1 else "none at peak prices"
        case "thinking length":
            return "half the thinking" if value == 0.5 else f"{times} the thinking"
        case "api price":
            return f"the API {abs(value - 1) * 100:.0f} % {'cheaper' if value < 1 else 'dearer'}"
        case "next api price":
            return f"the API's next known price, {times} today's"
        case "electricity":
            return "electricity at half the price" if value == 0.5 else f"electricity at {times} the price"
        case "gpu hour":
            return f"rent {abs(value - 1) * 100:.0f} % {'lower' if value < 1 else 'higher'}"
        case "purchase":
            return f"the machine {abs(value - 1) * 100:.0f} % {'cheaper' if value < 1 else 'dearer'}"
        case _:
            assert_never(row.what)
