"""From how many requests a day one's own machine is cheaper than an API, and what moves that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple

from r1plan.plan.cost.api import ApiPrice
from r1plan.plan.cost.own import MonthBill, Served, month_bill
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.cost.work import BusyCurve, MonthOfWork
from r1plan.plan.month.demand import Demand, RequestLength
from r1plan.units import DAYS_A_MONTH

# The break-even is looked for until the machine's load is known this near to it.
_NEAR = 0.01
_MOST_LOOKS = 5
_HALVINGS = 40
_CENT = Decimal("0.01")

_CACHE_SHARES = (0.0, 0.5, 0.9)
_SAME_SHARE = 0.02
_PRICE_TIMES = (0.8, 1.2)
_TWICE_AND_HALF = (0.5, 2.0)

BreakEvenReason = Literal[
    "from there on",
    "from the first request",
    "beyond what one machine serves",
    "each request is dearer",
    "it serves none",
    "another currency",
    "own cost is unknown",
]
"""Why the break-even is where it is, or why there is none. The sentences are in render/plan/words.py."""

Mover = Literal[
    "cache share", "peak share", "thinking length", "api price", "next api price", "electricity", "gpu hour", "purchase"
]


class SensitivityRow(NamedTuple):
    """The break-even with one thing changed.

    `value` is a share for "cache share" and "peak share"; for all others how many times what it is now.
    """

    what: Mover
    value: float
    requests_per_day: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Where a month of `machines` machines costs what the same requests cost at an API.

    They are as many as the demand needs, and one where nobody said how much that is. From `requests_per_day` up to all
    that they serve they are cheaper; None: never, for `reason`. `utilisation` is that number over what they serve in a
    day. `needed_per_day` is how many it would take, if they could serve them. `saving_usd_per_month` is what the API
    costs more than they for the demand: below zero where it costs less, None where nobody said how many requests there
    are.
    """

    against_provider: str
    against_model: str
    requests_per_day: float | None
    utilisation: float | None
    reason: BreakEvenReason
    needed_per_day: float | None
    saving_usd_per_month: Decimal | None
    machines: int = 1
    sensitivity: tuple[SensitivityRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMachine:
    """A machine of `cards` cards on its `terms`, and how it works on a demand.

    `capacity` is what it serves of it. `work_of` says how one copy works on the demand with other lengths, and draws
    `draw`; None: its power is not known.
    """

    cards: int
    draw: PowerDraw | None
    terms: OwnTerms
    capacity: Served
    work_of: Callable[[Demand], MonthOfWork]

    @property
    def machines(self) -> int:
        """As many as the demand needs."""
        return self.capacity.machines_needed or 1

    @property
    def copies(self) -> int:
        """As many as the demand needs, on all of them; all of one machine where nobody said how much there is."""
        return self.capacity.copies_needed or self.capacity.copies

    @property
    def most_per_day(self) -> float:
        """The most requests that those copies serve."""
        return self.capacity.requests_per_day / self.capacity.copies * self.copies

    def bill(self, terms: OwnTerms, busy_share: float) -> MonthBill | None:
        """What they cost in a month on other terms, at work for that share of it."""
        return month_bill(terms, self.cards, self.draw, self.machines, busy_share, self.copies)


def break_even(machine: OwnMachine, demand: Demand, api: ApiPrice, *, sensitivity: bool = True) -> BreakEven:
    """From which volume of `demand` on the machines that it needs are cheaper than `api`, and how that moves.

    Their bill never falls with its work and rises ever less (at most by electricity), an API's rises evenly: so
    they meet once at most, and from there on the machines are cheaper up to all that they serve. Beyond that the next
    one has to be paid for. For other lengths they are taken to serve as many times as many within the limits as they do
    without a pause.
    """
    usd = float(api.usd_per_request) if api.usd_per_request is not None else api.mean_usd(demand)
    if api.currency != "USD":
        return _never(api, "another currency")
    if machine.bill(machine.terms, 0.0) is None:
        return _never(api, "own cost is unknown")
    work = machine.work_of(demand)
    if not machine.most_per_day > 0 or not work.flat_out_per_day > 0:
        return _never(api, "it serves none")
    curve = BusyCurve(work, machine.copies, machine.most_per_day)
    found = _meeting(machine, machine.terms, curve, usd)
    rows = _sensitivity(machine, demand, api, _Now(curve, work.flat_out_per_day, usd)) if sensitivity else ()
    return BreakEven(
        against_provider=api.provider,
        against_model=api.model,
        requests_per_day=found.requests_per_day,
        utilisation=None if found.requests_per_day is None else found.requests_per_day / curve.most_per_day,
        reason=found.reason,
        needed_per_day=found.needed_per_day,
        saving_usd_per_month=_saving(machine, demand, usd),
        machines=machine.machines,
        sensitivity=tuple(rows),
    )


class _Meeting(NamedTuple):
    requests_per_day: float | None
    needed_per_day: float | None
    reason: BreakEvenReason


def _meeting(machine: OwnMachine, terms: OwnTerms, curve: BusyCurve, usd_per_request: float) -> _Meeting:
    """Where the machines' bill and the API's meet, on `terms` and at that price of a request."""
    usd_a_month = usd_per_request * DAYS_A_MONTH
    most = curve.most_per_day

    def bill(busy_share: float) -> float:
        found = machine.bill(terms, busy_share)
        return 0.0 if found is None else found.total_usd

    idle, flat_out = bill(0.0), bill(1.0)
    if idle == flat_out:  # nothing depends on how busy it is
        if not idle:
            return _Meeting(0.0, 0.0, "from the first request")
        needed = idle / usd_a_month if usd_a_month else None
        if needed is None or needed > most:
            return _Meeting(None, needed, "beyond what one machine serves")
        return _Meeting(needed, needed, "from there on")
    curve.look(most)
    at_most = bill(curve.share(most))
    if at_most > usd_a_month * most:
        is_each = at_most - idle >= usd_a_month * most
        return _Meeting(
            None,
            None if is_each or not usd_a_month else flat_out / usd_a_month,
            "each request is dearer" if is_each else "beyond what one machine serves",
        )
    found = 0.0
    for _ in range(_MOST_LOOKS):
        low, high = 0.0, most
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if bill(curve.share(middle)) > usd_a_month * middle else (low, middle)
        found = high
        if curve.distance(found) <= _NEAR:
            break
        curve.look(found)
    if not idle and found < most * 1e-9:
        return _Meeting(0.0, 0.0, "from the first request")
    return _Meeting(found, found, "from there on")


class _Now(NamedTuple):
    curve: BusyCurve
    flat_out_per_day: float
    usd_per_request: float


def _sensitivity(machine: OwnMachine, demand: Demand, api: ApiPrice, now: _Now) -> Iterator[SensitivityRow]:
    """The break-even with one thing changed at a time: first what changes the requests, then prices."""
    base_usd, usd, curve = api.mean_usd(demand), now.usd_per_request, now.curve

    def at(changed: Demand) -> float | None:
        work = machine.work_of(changed)
        most = curve.most_per_day * work.flat_out_per_day / now.flat_out_per_day
        if not most > 0:
            return None
        other = BusyCurve(work, curve.copies, most)
        return _meeting(machine, machine.terms, other, usd * _ratio(api.mean_usd(changed), base_usd)).requests_per_day

    def priced(times: float) -> float | None:
        return _meeting(machine, machine.terms, curve, usd * times).requests_per_day

    cached = _cache_share(demand)
    for share in _CACHE_SHARES:
        if abs(share - cached) > _SAME_SHARE:
            yield SensitivityRow("cache share", share, at(with_cache_share(demand, share)))
    if api.peak is not None:
        for share in (0.0, 1.0):
            yield SensitivityRow("peak share", share, priced(_ratio(api.mean_usd(demand, share), base_usd)))
    for times in _TWICE_AND_HALF:
        yield SensitivityRow("thinking length", times, at(with_thinking(demand, times)))
    for times in _PRICE_TIMES:
        yield SensitivityRow("api price", times, priced(times))
    following = api.next_times(demand)
    if following is not None:
        yield SensitivityRow("next api price", following, priced(following))
    for what, times, terms in _other_terms(machine.terms):
        yield SensitivityRow(what, times, _meeting(machine, terms, curve, usd).requests_per_day)


def _other_terms(terms: OwnTerms) -> Iterator[tuple[Mover, float, OwnTerms]]:
    """The same terms at other prices, one at a time."""
    if terms.usd_per_gpu_hour is not None:
        for times in _PRICE_TIMES:
            yield "gpu hour", times, replace(terms, usd_per_gpu_hour=terms.usd_per_gpu_hour * Decimal(str(times)))
        return
    if terms.purchase_usd is not None:
        for times in _PRICE_TIMES:
            yield "purchase", times, replace(terms, purchase_usd=terms.purchase_usd * Decimal(str(times)))
    if terms.usd_per_kwh is not None:
        for times in _TWICE_AND_HALF:
            yield "electricity", times, replace(terms, usd_per_kwh=terms.usd_per_kwh * Decimal(str(times)))


def with_cache_share(demand: Demand, share: float) -> Demand:
    """`demand`, of whose input that share is cached."""
    return _with_lengths(demand, lambda each: each._replace(cache_hit_tokens=round(each.input_tokens * share)))


def with_thinking(demand: Demand, times: float) -> Demand:
    """`demand` with so many times the thinking."""
    return _with_lengths(demand, lambda each: each._replace(thinking_tokens=round(each.thinking_tokens * times)))


def _with_lengths(demand: Demand, changed: Callable[[RequestLength], RequestLength]) -> Demand:
    return replace(demand, lengths=tuple(map(changed, demand.lengths)))


def _cache_share(demand: Demand) -> float:
    cached = sum(each.share * each.cache_hit_tokens for each in demand.lengths)
    return _ratio(cached, sum(each.share * each.input_tokens for each in demand.lengths), 0.0)


def _saving(machine: OwnMachine, demand: Demand, usd_per_request: float) -> Decimal | None:
    """What the API costs more in a month of `demand` than all the machines that it needs."""
    if demand.requests_per_day is None:
        return None
    served = machine.capacity
    if not served.machines_needed or served.busy_share is None:
        return None
    bill = machine.bill(machine.terms, served.busy_share)
    if bill is None:
        return None
    api_usd = usd_per_request * demand.requests_per_day * DAYS_A_MONTH
    return Decimal(api_usd - bill.total_usd).quantize(_CENT)


def _never(api: ApiPrice, reason: BreakEvenReason) -> BreakEven:
    return BreakEven(
        against_provider=api.provider, against_model=api.model, requests_per_day=None, utilisation=None, reason=reason,
        needed_per_day=None, saving_usd_per_month=None,
    )  # fmt: skip


def _ratio(part: float, whole: float, otherwise: float = 1.0) -> float:
    return part / whole if whole else otherwise
