"""What the same work costs by the token: at every seller of full R1, and DeepSeek's own model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from r1plan.catalog.provider import Offer, Provider
from r1plan.market.month import MonthCost, MonthHours, WeightedUsage, exact_shares, month_cost
from r1plan.market.overrun import Overrun, overrun_of
from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.prices.cost import EXACT, cost_of

DEEPSEEK = "deepseek"

UsagesOf = Callable[[str], Sequence[WeightedUsage]]
"""What the requests use of the model that an offer serves: some think longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOffer:
    """One model on sale at the instant asked about, at `price` then, and what the month from that hour on costs there.

    `output_tokens` are those of a mean request, which costs `usd_per_request_now` at `price`. `overrun` is what of the
    requests is too long for it, and is cut off.
    """

    provider: str
    provider_name: str
    model: str
    serves: str
    is_r1: bool
    price: EffectivePrice
    output_tokens: int
    usd_per_request_now: Decimal
    month: MonthCost
    overrun: Overrun

    @property
    def usd_per_request(self) -> Decimal:
        """What a mean request costs over the month, at its hours."""
        return self.month.usd_per_request

    @property
    def usd_per_month(self) -> Decimal | None:
        """What they all cost; None when no requests a day were given."""
        return self.month.usd_per_month


def api_offers(
    providers: Mapping[str, Provider],
    book: PriceBook,
    usages_of: UsagesOf,
    hours: MonthHours,
    requests_per_day: float | None,
    at: datetime,
) -> tuple[ApiOffer, ...]:
    """Verified offers of full R1, and what DeepSeek itself sells by default, as on sale at `at`.

    The cheapest request of full R1 comes first, DeepSeek's own last. Where half of the requests or more are too long
    nothing is sold that could do them: such an offer is left out.
    """
    real: list[ApiOffer] = []
    own: list[ApiOffer] = []
    for provider in providers.values():
        full = provider.full_r1(at)
        for offer in provider.offers:
            is_own = provider.id == DEEPSEEK and offer.model == provider.default_model
            if offer in full or (is_own and offer.is_current(at)):
                found = api_offer(provider, offer, book, usages_of(offer.serves), hours, requests_per_day, at)
                if found is not None and not found.overrun.is_usual:
                    (real if offer in full else own).append(found)
    cheapest_first = sorted(real, key=lambda each: (each.usd_per_request, each.provider, each.model))
    return (*cheapest_first, *own)


def api_offer(
    provider: Provider,
    offer: Offer,
    book: PriceBook,
    usages: Sequence[WeightedUsage],
    hours: MonthHours,
    requests_per_day: float | None,
    at: datetime,
) -> ApiOffer | None:
    """What a month costs at `offer`; None where no price of it is known at `at`."""
    source = provider.id, offer.model
    usual = max(usages, key=lambda each: each.share).usage
    price = book.price_at(*source, at, usual.input_tokens)
    month = month_cost(book, source, usages, hours, requests_per_day, offer.offered_until)
    if price is None or month is None:
        return None
    return ApiOffer(
        provider=provider.id,
        provider_name=provider.name,
        model=offer.model,
        serves=offer.serves,
        is_r1=offer.is_r1,
        price=price,
        output_tokens=round(sum(each.share * each.usage.output_tokens for each in usages)),
        usd_per_request_now=_now(book, source, usages, at),
        month=month,
        overrun=overrun_of(price, usages),
    )


def _now(book: PriceBook, source: tuple[str, str], usages: Sequence[WeightedUsage], at: datetime) -> Decimal:
    """What a mean request costs at the prices of the instant `at`."""
    whole = Decimal(0)
    shares = exact_shares([each.share for each in usages])
    for (usage, _), share in zip(usages, shares, strict=True):
        price = book.price_at(*source, at, usage.input_tokens)
        if price is not None:
            whole = EXACT.add(whole, EXACT.multiply(share, cost_of(usage, price.per_token).total_usd))
    return whole
