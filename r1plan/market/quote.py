"""What a model costs at an instant, or why no price can be given: the price book and the offers of a provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from r1plan.catalog.provider import Family, Offer, Provider, family_of
from r1plan.errors import NotFound
from r1plan.prices.book import PriceBook
from r1plan.prices.changes import Change, next_change
from r1plan.prices.schedule import EffectivePrice

Absence = Literal["ended", "not_yet", "no_price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The answer for one name at one instant.

    `price` is None exactly when `absence` says why: the offer had `ended` (at `since`, if that is known), had `not_yet`
    begun (`since` is then when it does), or no price is known well enough to bill with; `unverified_prices` are then
    those that may have held. `until` is when the offer itself ends, if that is known. `offer` is None where no profile
    names the model.
    """

    provider: str
    provider_name: str
    model: str
    at: datetime
    offer: Offer | None
    price: EffectivePrice | None = None
    change: Change | None = None
    until: datetime | None = None
    absence: Absence | None = None
    since: datetime | None = None
    unverified_prices: tuple[EffectivePrice, ...] = ()

    @property
    def family(self) -> Family:
        """That of what answered, else of what the offer serves."""
        offer = self.offer
        return family_of(self.served_model or (offer.serves if offer else ""), is_r1=bool(offer and offer.is_r1))

    @property
    def served_model(self) -> str | None:
        """What answered under that name, None when nobody wrote it down."""
        if self.price is not None and self.price.served_model is not None:
            return self.price.served_model
        return self.offer.serves if self.price and self.offer and self.offer.answers else None


def quote(
    book: PriceBook,
    providers: Mapping[str, Provider],
    provider: str,
    model: str,
    at: datetime,
    input_tokens: int | None = None,
) -> Quote:
    """What `model` costs at `provider` at the aware instant `at`, for a request of `input_tokens`.

    Ids are matched exactly. Raises NotFound for a provider or a model that nobody knows.
    """
    _known(book, providers, provider, model)
    profile = providers.get(provider)
    name = profile.name if profile else provider
    naming = profile.named(model) if profile else ()
    price = book.price_at(provider, model, at, input_tokens)
    gone_by = price.checked if price else None
    lasting = [each for each in naming if not each.has_ended(at, gone_by)]
    begun = [each for each in lasting if each.has_begun(at)]
    offer = next(iter((begun or lasting or naming)[-1:]), None)
    if naming and not lasting:
        return Quote(
            provider=provider, provider_name=name, model=model, at=at, offer=offer, absence="ended",
            since=max((each.offered_until for each in naming if each.offered_until), default=None),
        )  # fmt: skip
    if price is not None and price.effective_from is None and naming and not begun:
        price = None  # a price of unknown age says less than the offer's own first day
    if price is None:
        rows = book.schedules(provider, model)
        unverified = book.unverified_prices(provider, model, at)
        starts = [each.start for each in rows if each.start.year > 1]
        starts += [each.offered_from for each in naming if each.offered_from]
        absence: Absence = "no_price"
        since = None
        if starts and at < min(starts) and not unverified:
            absence, since = "not_yet", min(starts)
        elif rows and at >= max(each.until for each in rows) and not naming:
            absence, since = "ended", max(each.until for each in rows)
        return Quote(
            provider=provider, provider_name=name, model=model, at=at, offer=offer, absence=absence, since=since,
            unverified_prices=unverified,
        )  # fmt: skip
    ends = [each.offered_until for each in lasting if each.offered_until]
    return Quote(
        provider=provider, provider_name=name, model=model, at=at, offer=offer, price=price,
        change=next_change(book, provider, model, at, input_tokens),
        until=max(ends) if ends and len(ends) == len(lasting) else None,
    )  # fmt: skip


def _known(book: PriceBook, providers: Mapping[str, Provider], provider: str, model: str) -> None:
    priced = tuple(book.names())
    known = {*providers, *(each for each, _ in priced)}
    if provider not in known:
        raise NotFound.among("provider", provider, sorted(known), "r1plan prices list shows them all")
    models = {name for each, name in priced if each == provider}
    if provider in providers:
        models |= {name for each in providers[provider].offers for name in each.names}
    if model not in models:
        near = NotFound.among(
            "model", model, sorted(models), f"r1plan prices list --provider {provider} shows what it has"
        )
        raise NotFound(f"{provider} has no model '{model}'.", near.hint, near.near)


def launch_of(successor: str, provider: Provider, at: datetime) -> datetime | None:
    """When `provider` begins to offer `successor`, where it does not yet at `at`; else None."""
    offers = provider.named(successor)
    if not offers or any(each.has_begun(at) for each in offers):
        return None
    return min(each.offered_from for each in offers if each.offered_from is not None)


def sellers_of_r1(providers: Iterable[Provider], at: datetime) -> tuple[str, ...]:
    """The providers that, as far as anyone has verified, sell the full R1 at `at`, by id."""
    return tuple(each.id for each in providers if each.full_r1(at))
