"""A plan under a workload's month: what its options serve and cost, from where on they pay, and what else there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from r1plan.market.compare import ApiOffer
from r1plan.plan.capacity.capacity import Limits
from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.cost.api import ApiPrice
from r1plan.plan.cost.break_even import BreakEven, break_even
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.month.demand import Demand
from r1plan.plan.outlook.api_answer import ApiAnswer
from r1plan.plan.outlook.option_outlook import OptionOutlook, limits_of, option_outlook, own_machine
from r1plan.plan.outlook.ways import ComparedWays
from r1plan.plan.plan import Plan, PlannedOption

if TYPE_CHECKING:
    from r1plan.plan.cost.claim import SavingClaim

OptionT = TypeVar("OptionT", bound=PlannedOption)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the month of `demand` is for a plan, within `limits` and on `terms`.

    `options` are those of the plan in its order, None for one that does not fit or was not asked about; `api` has an
    answer of each offer, in their order. The break-even is the choice's against the offer that costs least. `ways`
    None: nobody said how many requests there are. `claim` None: not asked for. `is_asked`: a person said anything of a
    month, so that its money belongs into the first lines.
    """

    demand: Demand
    limits: Limits
    terms: OwnTerms
    options: tuple[OptionOutlook | None, ...]
    api: tuple[ApiAnswer, ...] = ()
    against: ApiOffer | None = None
    break_even: BreakEven | None = None
    ways: ComparedWays | None = None
    claim: SavingClaim | None = None
    is_asked: bool = True

    @property
    def choice(self) -> OptionOutlook | None:
        """That of the chosen option."""
        return self.options[0] if self.options else None


class MonthFacts(NamedTuple, Generic[OptionT]):
    """What an outlook is made of besides the plan, whose workload has its demand.

    `thinking_of` says how many times as long as the demand's lengths say a model of the catalogue thinks. `price_of` is
    the price of an offer as the break-even wants it.
    """

    demand: Demand
    terms: OwnTerms
    throughput_of: Callable[[OptionT], Throughput]
    thinking_of: Callable[[str], float]
    api: Sequence[ApiOffer]
    price_of: Callable[[ApiOffer], ApiPrice | None]


def outlook_of(plan: Plan[OptionT], facts: MonthFacts[OptionT], *, in_full: bool, alternatives: bool) -> Outlook:
    """The outlook of the choice, and of the `alternatives` if wanted; `in_full`: with how the break-even moves."""
    limits = limits_of(plan.workload)
    options: list[OptionOutlook | None] = []
    choice = None
    for place, option in enumerate(plan.options):
        if not option.fits or (place and not alternatives):
            options.append(None)
            continue
        throughput = facts.throughput_of(option)
        found = option_outlook(
            option, plan.machine, throughput, facts.demand, limits, facts.terms, facts.thinking_of(option.model.id)
        )
        options.append(found)
        if not place:
            choice = found, throughput
    against = cheapest_of(facts.api)
    even = None
    if choice is not None and against is not None and (price := facts.price_of(against)) is not None:
        machine = own_machine(*choice, limits, facts.terms)
        even = break_even(machine, facts.demand, price, sensitivity=in_full)
    return Outlook(
        demand=facts.demand, limits=limits, terms=facts.terms, options=tuple(options), against=against, break_even=even
    )


def cheapest_of(api: Sequence[ApiOffer]) -> ApiOffer | None:
    """The offer whose month costs least, of those whose prices are in dollars and known to the month's end."""
    known = [each for each in api if each.price.currency == "USD" and each.month.known_share > 1 - 1e-9]
    return min(known, key=lambda each: (each.usd_per_request, each.provider, each.model), default=None)
