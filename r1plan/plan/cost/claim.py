"""What is true today of "R1 costs 40 to 90 % less than GPT-5 or Claude Opus", for one's own requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from r1plan.catalog.provider import Offer, Provider
from r1plan.market.compare import DEEPSEEK
from r1plan.plan.cost.api import ApiPrice, api_price
from r1plan.plan.cost.own import output_tokens
from r1plan.plan.month.demand import Demand
from r1plan.plan.quality import thinking_over_r1
from r1plan.prices.book import PriceBook

CLAIMED = (0.4, 0.9)
"""The shares by which R1 is said to be cheaper. Nobody says for which requests, or when."""

_OTHERS = ("openai", "anthropic")
_NAMED = ("gpt-5", "claude-opus")


class ClaimSide(NamedTuple):
    """One model at one seller, and what a request costs there on average, in US dollars."""

    provider: str
    model: str
    serves: str
    usd_per_request: float


class ClaimRow(NamedTuple):
    """One model of another maker beside R1.

    `saving_share` is how much less a request costs at R1's cheapest seller: below zero where it costs more. How long
    these models think nobody publishes: they are taken to write what R1 writes. At `par_output_share` of that they
    would cost the same as R1; None where they cost more for the input alone. `is_named`: the claim means it.
    """

    other: ClaimSide
    saving_share: float
    par_output_share: float | None
    is_named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingClaim:
    """The cheapest verified seller of full R1, and DeepSeek's own model, against what others sell at that instant.

    `own` None: DeepSeek sells none at a known price. `rows` begin with the models that the claim means, the cheapest
    first.
    """

    r1: ClaimSide
    own: ClaimSide | None
    rows: tuple[ClaimRow, ...]

    @property
    def saving_range(self) -> tuple[float, float] | None:
        """The least and the most that R1 saves against the models that the claim means; None: none is sold."""
        shares = [each.saving_share for each in self.rows if each.is_named]
        return (min(shares), max(shares)) if shares else None

    def own_saving(self, row: ClaimRow) -> float | None:
        """What DeepSeek's own model saves against that of `row`."""
        return None if self.own is None else 1 - self.own.usd_per_request / row.other.usd_per_request


def saving_claim(
    providers: Mapping[str, Provider],
    book: PriceBook,
    demand: Demand,
    at: datetime,
    thinking_of: Callable[[str], float] = thinking_over_r1,
    peak_share: float = 0.0,
) -> SavingClaim | None:
    """The claim at the aware instant `at` for requests of `demand`, of which `peak_share` fall into peak hours.

    `thinking_of` says how many times as long as R1 what a seller serves thinks. None where nobody sells R1.
    """

    def cost(provider: Provider, offer: Offer, times: float) -> tuple[ClaimSide, ApiPrice] | None:
        price = api_price(book, provider.id, offer.model, at, peak_share=peak_share, thinking_over_r1=times)
        if price is None or price.currency != "USD":
            return None
        return ClaimSide(provider.id, offer.model, offer.serves, price.mean_usd(demand)), price

    sellers = [
        found[0]
        for each in providers.values()
        for offer in each.full_r1(at)
        if (found := cost(each, offer, thinking_of(offer.serves))) is not None
    ]
    if not sellers:
        return None
    r1 = min(sellers, key=lambda each: (each.usd_per_request, each.provider, each.model))
    own = None
    if DEEPSEEK in providers:
        deepseek = providers[DEEPSEEK]
        for offer in deepseek.offers:
            if offer.model == deepseek.default_model and offer.is_current(at):
                found = cost(deepseek, offer, thinking_of(offer.serves))
                own = own if found is None else found[0]

    def rows() -> Iterator[ClaimRow]:
        for provider in (providers[each] for each in _OTHERS if each in providers):
            for offer in provider.offers:
                found = cost(provider, offer, 1.0) if offer.answers and offer.is_current(at) else None
                if found is not None and found[0].usd_per_request > 0:
                    yield _row(found[0], found[1], demand, r1)

    ordered = sorted(rows(), key=lambda each: (not each.is_named, each.other.usd_per_request))
    return SavingClaim(r1=r1, own=own, rows=tuple(ordered))


def _row(other: ClaimSide, price: ApiPrice, demand: Demand, r1: ClaimSide) -> ClaimRow:
    output_usd = output_tokens(demand, 1.0) * float(price.base.output)
    input_usd = other.usd_per_request - output_usd
    left = r1.usd_per_request - input_usd
    return ClaimRow(
        other=other,
        saving_share=1 - r1.usd_per_request / other.usd_per_request,
        par_output_share=left / output_usd if left > 0 and output_usd else None,
        is_named=other.model.startswith(_NAMED),
    )
