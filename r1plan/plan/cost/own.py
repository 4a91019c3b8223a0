"""What a month on one's own machine costs, and what a million tokens come to: by reservation, idle hours included."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

from r1plan.plan.basis import Basis
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.cost.terms import HOURS_A_MONTH, MONTHS_A_YEAR, OwnTerms, TermsKind
from r1plan.plan.month.demand import Demand
from r1plan.units import DAYS_A_MONTH, MTOK

_MICRO_USD = Decimal("0.000001")


class Served(Protocol):
    """What has to be known of a machine's capacity to say what its work costs."""

    @property
    def requests_per_day(self) -> float:
        """The most that one machine serves within the limits; 0: it cannot."""

    @property
    def flat_out_per_day(self) -> float:
        """What it would do without a pause, with a queue that never empties."""

    @property
    def machines_needed(self) -> int | None:
        """How many serve the demand; None where none can, or nobody said how much there is."""

    @property
    def copies(self) -> int:
        """How many times the option runs on one machine."""

    @property
    def copies_needed(self) -> int | None:
        """How many times it runs on all machines that serve the demand; None where those are."""

    @property
    def busy_share(self) -> float | None:
        """The share of a month in which they are at work, on average."""


class MonthBill(NamedTuple):
    """What `machines` machines cost in a month, in US dollars: the rent, the share of the purchase, electricity.

    `busy_usd` is the electricity of the hours at work, `idle_usd` that of those in which they are on and wait.
    """

    machines: int
    rent_usd: float
    purchase_usd: float
    busy_usd: float
    idle_usd: float

    @property
    def total_usd(self) -> float:
        """All of it."""
        return self.rent_usd + self.purchase_usd + self.busy_usd + self.idle_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCost:
    """What work on one's own machine costs. What is unknown, or cannot be done, is None.

    `usd_per_month` is the bill of one machine, where one serves the demand; where several are needed it is None, and
    `usd_per_month_of_machines_needed` is the bill of all `machines_needed`. `usd_per_mtok_output` is that bill over the
    output tokens of the month: reservation-based dollars per million tokens, dearer the less is asked. Without a
    demand it is `usd_per_mtok_flat_out`, that of a month in which one machine never pauses: the least that it can be.
    `bill` has the parts of the month's.
    """

    kind: TermsKind
    usd_per_mtok_output: Decimal | None
    usd_per_mtok_flat_out: Decimal | None
    usd_per_month: Decimal | None
    usd_per_month_of_machines_needed: Decimal | None
    machines_needed: int | None
    bill: MonthBill | None
    watts_busy: float | None
    watts_idle: float | None
    basis: Basis
    source: str


def month_bill(
    terms: OwnTerms, cards: int, draw: PowerDraw | None, machines: int, busy_share: float, copies: int | None = None
) -> MonthBill | None:
    """What `machines` machines of `cards` cards each cost, at work for `busy_share` of the month. None: not known.

    Each of `copies` on them draws `draw`; None: one on each. What is rented or bought are whole machines.
    """
    if terms.kind == "rented":
        if terms.usd_per_gpu_hour is None or not cards:
            return None
        return MonthBill(machines, float(terms.usd_per_gpu_hour) * machines * cards * HOURS_A_MONTH, 0.0, 0.0, 0.0)
    if terms.usd_per_kwh is None or draw is None:
        return None
    purchase = 0.0
    if terms.kind == "bought":
        if terms.purchase_usd is None or not terms.years:
            return None
        purchase = float(terms.purchase_usd) * machines / (terms.years * MONTHS_A_YEAR)
    usd_a_watt = float(terms.usd_per_kwh) / 1000 * HOURS_A_MONTH * (machines if copies is None else copies)
    return MonthBill(
        machines, 0.0, purchase, usd_a_watt * draw.busy_w * busy_share, usd_a_watt * draw.idle_w * (1 - busy_share)
    )


def own_cost(
    cards: int,
    draw: PowerDraw | None,
    capacity: Served,
    demand: Demand,
    terms: OwnTerms,
    thinking_over_r1: float = 1.0,
) -> OwnCost:
    """What a month of `demand` costs on machines of `cards` cards, each copy of which draws `draw`, on these `terms`.

    The model thinks `thinking_over_r1` times as long as the lengths of the demand say.
    """
    tokens = output_tokens(demand, thinking_over_r1)
    flat_out = month_bill(terms, cards, draw, 1, 1.0, capacity.copies) if capacity.requests_per_day > 0 else None
    month = None
    if demand.requests_per_day is not None and capacity.machines_needed and capacity.busy_share is not None:
        needed = capacity.machines_needed
        month = month_bill(terms, cards, draw, needed, capacity.busy_share, capacity.copies_needed)
    a_flat_out_mtok = _a_mtok(flat_out, capacity.flat_out_per_day, tokens)
    total = None if month is None else _usd(month.total_usd)
    at_demand = None if demand.requests_per_day is None else _a_mtok(month, demand.requests_per_day, tokens)
    return OwnCost(
        kind=terms.kind,
        usd_per_mtok_output=a_flat_out_mtok if demand.requests_per_day is None else at_demand,
        usd_per_mtok_flat_out=a_flat_out_mtok,
        usd_per_month=total if month is not None and month.machines == 1 else None,
        usd_per_month_of_machines_needed=total,
        machines_needed=capacity.machines_needed,
        bill=month,
        watts_busy=None if draw is None else draw.busy_w,
        watts_idle=None if draw is None else draw.idle_w,
        basis="assumed" if terms.kind == "rented" or draw is None else draw.basis,
        source=terms.source if terms.kind == "rented" or draw is None else "; ".join((terms.source, draw.source)),
    )


def output_tokens(demand: Demand, thinking_over_r1: float) -> float:
    """The mean tokens of output of a request, to a model that thinks so many times as long as the demand says."""
    return sum(each.share * (each.thinking_tokens * thinking_over_r1 + each.answer_tokens) for each in demand.lengths)


def _a_mtok(bill: MonthBill | None, requests_per_day: float, tokens_a_request: float) -> Decimal | None:
    """The bill over a million of the month's tokens of output; None where there are none."""
    tokens = requests_per_day * DAYS_A_MONTH * tokens_a_request
    return None if bill is None or not tokens else _usd(bill.total_usd / tokens * MTOK)


def _usd(value: float) -> Decimal:
    return Decimal(value).quantize(_MICRO_USD)
