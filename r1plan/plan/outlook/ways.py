"""The ways to do a workload's month: the machine's options, and what is sold by the token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from r1plan.market.compare import ApiOffer
from r1plan.plan.answer import answer_time
from r1plan.plan.cost.terms import TermsKind
from r1plan.plan.outlook.frontier import Frontier, Way, WayQuality, frontier
from r1plan.plan.outlook.option_outlook import OptionOutlook
from r1plan.plan.plan import PlannedOption
from r1plan.plan.quality import BENCHMARK, Quality
from r1plan.plan.workload import Workload

UncomparedReason = Literal[
    "serves none", "context", "cost unknown", "no published score", "price ends", "another currency"
]

SecondsOf = Callable[[ApiOffer], float]
"""How long a typical answer takes at a seller."""
QualityOf = Callable[[str], WayQuality | None]
"""What is published of the model that a seller serves; None: nothing is known."""


class UncomparedWay(NamedTuple):
    """What is not set beside the others, as one of its figures is not known or it cannot do the work.

    `machines` is how many it would take.
    """

    id: str
    kind: TermsKind | Literal["api"]
    reason: UncomparedReason
    machines: int | None = None


class ComparedWays(NamedTuple):
    """The frontier of all ways whose figures are known, the others, and the one that is the chosen option."""

    frontier: Frontier
    left_out: tuple[UncomparedWay, ...]
    choice: Way | None = None


def compared(found: Iterable[Way | UncomparedWay], own: str | None) -> ComparedWays:
    """`found` sorted into the frontier, what it beats, and what cannot be compared.

    `own` is the id of the choice, which stands before all else of that id. Of the same option paid in the same way on
    as many of the same cards only the first is kept.
    """
    both = list(found)
    ways: dict[object, Way] = {}
    for each in both:
        if isinstance(each, Way):
            ways.setdefault((each.id, each.kind, tuple(sorted(each.cards * each.machines))), each)
    left_out = tuple(each for each in both if isinstance(each, UncomparedWay))
    choice = next((way for way in ways.values() if way.id == own), None)
    return ComparedWays(frontier(ways.values()), left_out, choice)


def own_ways(
    options: Iterable[tuple[PlannedOption, OptionOutlook]], workload: Workload
) -> Iterator[Way | UncomparedWay]:
    """The first option of each model: the others are the same model, laid out or quantised in another way."""
    seen: set[str] = set()
    for option, outlook in options:
        if option.model.id not in seen:
            seen.add(option.model.id)
            yield own_way(option, outlook, workload)


def own_way(option: PlannedOption, outlook: OptionOutlook, workload: Workload) -> Way | UncomparedWay:
    """`option` on as many machines as the month needs."""
    cost, needed = outlook.cost, outlook.capacity.machines_needed
    time = answer_time(option, workload)
    quality = own_quality(option.quality)
    usd = cost.usd_per_month_of_machines_needed
    # Of each machine: electricity is for what is at work there, rent for all that it has.
    copies_each = -(-(outlook.capacity.copies_needed or 1) // (needed or 1))
    cards = outlook.cards * copies_each if cost.kind == "electricity" else outlook.machine_cards

    def left_out(reason: UncomparedReason) -> UncomparedWay:
        return UncomparedWay(option.id, cost.kind, reason, needed)

    if outlook.capacity.limit == "context":
        return left_out("context")
    if time is None or not needed:
        return left_out("serves none")
    if usd is None:
        return left_out("cost unknown")
    if quality is None:
        return left_out("no published score")
    return Way(
        id=option.id,
        kind=cost.kind,
        model=option.model.id,
        seller=None,
        cards=tuple(gpu.name for gpu in cards),
        quality=quality,
        seconds=time.typical_s,
        usd_per_month=usd,
        machines=needed,
        basis=cost.basis,
    )


def own_quality(quality: Quality) -> WayQuality | None:
    """How good an option's answers are; None where nobody published it."""
    score = next((each for each in quality.scores if each.benchmark == BENCHMARK), None)
    if score is None:
        return None
    loss = quality.quant
    return WayQuality(quality.index, score.score, loss.perplexity_ratio, loss.basis, score.source)


def api_ways(api: Iterable[ApiOffer], quality_of: QualityOf, seconds_of: SecondsOf) -> Iterator[Way | UncomparedWay]:
    """What is sold by the token, where its month is known to the end."""
    for offer in api:
        id_, usd, quality = f"{offer.provider}/{offer.model}", offer.usd_per_month, quality_of(offer.serves)
        if usd is None:
            yield UncomparedWay(id_, "api", "cost unknown")
        elif offer.price.currency != "USD":
            yield UncomparedWay(id_, "api", "another currency")
        elif offer.month.known_share < 1 - 1e-9:
            yield UncomparedWay(id_, "api", "price ends")
        elif quality is None:
            yield UncomparedWay(id_, "api", "no published score")
        else:
            yield Way(
                id=id_,
                kind="api",
                model=offer.serves,
                seller=offer.provider_name,
                cards=(),
                quality=quality,
                seconds=seconds_of(offer),
                usd_per_month=usd,
                machines=0,
                basis="assumed" if offer.month.basis == "assumed" else "measured",
            )
