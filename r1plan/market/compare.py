"""What the same work costs by the token: at every seller of full R1, and DeepSeek's own model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from r1plan.catalog.provider import Offer, Provider
from r1plan.plan.workload import Workload
from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage

DEEPSEEK = "deepseek"
DAYS_A_MONTH = Decimal("30.44")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOffer:
    """One model on sale at the instant asked about. `usd_per_month` is None when no requests a day were given."""

    provider: str
    provider_name: str
    model: str
    serves: str
    is_r1: bool
    price: EffectivePrice
    usd_per_request: Decimal
    usd_per_month: Decimal | None


def api_offers(
    providers: Mapping[str, Provider],
    full_r1: AbstractSet[str],
    book: PriceBook,
    workload: Workload,
    at: datetime,
) -> tuple[ApiOffer, ...]:
    """Verified offers of the models in `full_r1`, and what DeepSeek itself sells by default, as on sale at `at`.

    The cheapest of full R1 for `workload` comes first, DeepSeek's own last.
    """
    real: list[ApiOffer] = []
    own: list[ApiOffer] = []
    for provider in providers.values():
        for offer in _on_sale(provider.offers, at):
            wanted = offer.is_r1 and offer.verified and offer.serves in full_r1
            default = provider.id == DEEPSEEK and offer.model == provider.default_model
            if not (wanted or default):
                continue
            price = book.price_at(provider.id, offer.model, at, workload.input_tokens)
            if price is not None:
                (real if wanted else own).append(_priced(provider, offer, price, workload))
    cheapest_first = sorted(real, key=lambda each: (each.usd_per_request, each.provider, each.model))
    return (*cheapest_first, *own)


def _on_sale(offers: Iterable[Offer], at: datetime) -> Iterable[Offer]:
    for offer in offers:
        started = offer.offered_from is None or offer.offered_from <= at
        ended = offer.retired or (offer.offered_until is not None and offer.offered_until <= at)
        if started and not ended:
            yield offer


def _priced(provider: Provider, offer: Offer, price: EffectivePrice, workload: Workload) -> ApiOffer:
    usage = Usage(
        input_tokens=workload.input_tokens,
        cache_hit_tokens=int(workload.input_tokens * workload.cache_hit_share),
        output_tokens=workload.output_tokens,
        thinking_tokens=workload.thinking_tokens,
    )
    request = cost_of(usage, price.per_token).total_usd
    month = None
    if workload.requests_per_day is not None:
        month = request * Decimal(str(workload.requests_per_day)) * DAYS_A_MONTH
    return ApiOffer(
        provider=provider.id,
        provider_name=provider.name,
        model=offer.model,
        serves=offer.serves,
        is_r1=offer.is_r1,
        price=price,
        usd_per_request=request,
        usd_per_month=month,
    )
