"""What the same work costs by the token: at every seller of full R1, and DeepSeek's own model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from r1plan.catalog.provider import Offer, Provider
from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.units import DAYS_A_MONTH

DEEPSEEK = "deepseek"
_DAYS = Decimal(str(DAYS_A_MONTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOffer:
    """One model on sale at the instant asked about, and what a request of `output_tokens` costs there.

    `usd_per_month` is None when no requests a day were given.
    """

    provider: str
    provider_name: str
    model: str
    serves: str
    is_r1: bool
    price: EffectivePrice
    output_tokens: int
    usd_per_request: Decimal
    usd_per_month: Decimal | None


def api_offers(
    providers: Mapping[str, Provider],
    book: PriceBook,
    usage_of: Callable[[str], Usage],
    requests_per_day: float | None,
    at: datetime,
) -> tuple[ApiOffer, ...]:
    """Verified offers of full R1, and what DeepSeek itself sells by default, as on sale at `at`.

    `usage_of` says what one request uses of the model that an offer serves: some think longer. The cheapest request of
    full R1 comes first, DeepSeek's own last.
    """
    real: list[ApiOffer] = []
    own: list[ApiOffer] = []
    for provider in providers.values():
        full = provider.full_r1(at)
        for offer in provider.offers:
            is_own = provider.id == DEEPSEEK and offer.model == provider.default_model and offer.is_current(at)
            if not (offer in full or is_own):
                continue
            usage = usage_of(offer.serves)
            price = book.price_at(provider.id, offer.model, at, usage.input_tokens)
            if price is not None:
                (real if offer in full else own).append(_priced(provider, offer, price, usage, requests_per_day))
    cheapest_first = sorted(real, key=lambda each: (each.usd_per_request, each.provider, each.model))
    return (*cheapest_first, *own)


def _priced(
    provider: Provider, offer: Offer, price: EffectivePrice, usage: Usage, requests_per_day: float | None
) -> ApiOffer:
    request = cost_of(usage, price.per_token).total_usd
    month = None if requests_per_day is None else request * Decimal(str(requests_per_day)) * _DAYS
    return ApiOffer(
        provider=provider.id,
        provider_name=provider.name,
        model=offer.model,
        serves=offer.serves,
        is_r1=offer.is_r1,
        price=price,
        output_tokens=usage.output_tokens,
        usd_per_request=request,
        usd_per_month=month,
    )
