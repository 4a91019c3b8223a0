"""What a plan means for a month: gathered from the catalogue, the price lists and the plan's options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from r1plan.catalog.load import load_providers
from r1plan.catalog.priors import load_priors
from r1plan.catalog.rentals import load_rentals
from r1plan.cli.options.planning import asks_for_a_month
from r1plan.plan.cost.api import ApiPrice, api_price
from r1plan.plan.cost.checks import SaidPrices, own_terms, rented_terms
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.month.answers import ServedSpeed
from r1plan.plan.outlook.api_answer import api_answer
from r1plan.plan.outlook.frontier import Way
from r1plan.plan.outlook.option_outlook import cards_of
from r1plan.plan.outlook.outlook import MonthFacts, Outlook, outlook_of
from r1plan.plan.outlook.ways import UncomparedWay, api_ways, compared, own_ways

if TYPE_CHECKING:
    from r1plan.cli.engines import Engine
    from r1plan.cli.outlook.asked_month import AskedMonth
    from r1plan.hardware.machine import GpuDevice
    from r1plan.market.compare import ApiOffer
    from r1plan.plan.cost.claim import SavingClaim
    from r1plan.plan.cost.rent import RentAbsence
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.plan import Plan
    from r1plan.prices.book import PriceBook


class MonthInquiry:
    """What a month means for plans: what it asks, what a person said of prices, and the offers beside it, by `book`."""

    def __init__(self, asked: AskedMonth, said: SaidPrices, api: Sequence[ApiOffer], book: PriceBook) -> None:
        self._demand, self._own, self._speeds = asked.demand, asked.own, asked.speeds
        self._said, self._api = said, tuple(api)
        self._now = datetime.now(UTC)
        self._book = book
        self._rentals = load_rentals()

    def outlook(self, engine: Engine[Any], plan: Plan[Any], models: ModelSet, *, in_full: bool) -> Outlook:
        """The plan's outlook, `in_full` or of the choice alone; the other ways where requests a day are known."""
        facts: MonthFacts[Any] = MonthFacts(
            demand=self._demand,
            terms=self._terms(plan),
            throughput_of=lambda option: engine.planner.throughput(plan, option, models),
            thinking_of=self._thinking_of,
            api=self._api,
            price_of=self._price_of,
        )
        asked = self._demand.requests_per_day is not None
        found = outlook_of(plan, facts, in_full=in_full, alternatives=in_full or asked)
        usual = ServedSpeed.assumed(load_priors().provider_speed)
        answers = tuple(
            api_answer(
                each,
                self._demand.lengths,
                self._thinking_of(each.serves),
                self._speeds.get((each.provider, each.model), usual),
            )
            for each in self._api
        )
        found = replace(found, api=answers, is_asked=asks_for_a_month())
        if asked:
            found = replace(found, ways=compared(self._ways(plan, found), plan.choice.id if plan.choice else None))
        return replace(found, claim=self._claim()) if in_full else found

    def _ways(self, plan: Plan[Any], found: Outlook) -> Iterator[Way | UncomparedWay]:
        from r1plan.cli.outlook.rented import rented_ways
        from r1plan.cli.outlook.sold_quality import sold_quality

        here = [(option, each) for option, each in zip(plan.options, found.options, strict=True) if each is not None]
        yield from own_ways(here, plan.workload)
        yield from rented_ways(plan.workload, self._demand, self._own, partial(self._rent, plan))
        seconds = {id(offer): answer.typical_s for offer, answer in zip(self._api, found.api, strict=True)}
        yield from api_ways(self._api, sold_quality, lambda offer: seconds[id(offer)])

    def _terms(self, plan: Plan[Any]) -> OwnTerms:
        """By what was said; cards of a data centre that are only described, and of which nothing was, are rented."""
        said, choice = self._said, plan.choice
        if said == SaidPrices() and choice is not None and plan.machine.origin == "described":
            cards = cards_of(choice, plan.machine)
            if cards and all(card.gpu_class == "nvidia-datacentre" for card in cards):
                terms = rented_terms(cards, self._rentals, self._now.date())
                if isinstance(terms, OwnTerms):
                    return terms
        return own_terms(said, self._rentals)

    def _rent(self, plan: Plan[Any], cards: tuple[GpuDevice, ...]) -> OwnTerms | RentAbsence:
        """What was said of the machine's cards holds of others like them; what the catalogue says of all else."""
        said = {gpu.profile for gpu in plan.machine.gpus} if self._said.gpu_hour_usd is not None else set()
        if cards and all(card.profile is not None and card.profile in said for card in cards):
            return own_terms(self._said, self._rentals)
        return rented_terms(cards, self._rentals, self._now.date())

    def _thinking_of(self, model: str) -> float:
        return self._own.ratio(model).over_r1

    def _price_of(self, offer: ApiOffer) -> ApiPrice | None:
        return api_price(
            self._book,
            offer.provider,
            offer.model,
            self._now,
            peak_share=offer.month.peak_share,
            thinking_over_r1=self._thinking_of(offer.serves),
            usd_per_request=offer.usd_per_request,
        )

    def _claim(self) -> SavingClaim | None:
        from r1plan.plan.cost.claim import saving_claim

        own = next((each for each in self._api if not each.is_r1), None)
        return saving_claim(
            load_providers(),
            self._book,
            self._demand,
            self._now,
            self._thinking_of,
            own.month.peak_share if own is not None else 0.0,
        )
