"""Everything that is offered at an instant, the sellers of R1 first and then the cheapest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from r1plan.catalog.provider import Family, Provider, descendant_of, model_key
from r1plan.errors import NotFound, R1PlanError
from r1plan.market.quote import Quote, quote
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage

UsageOf = Callable[[str], Usage]
"""What the request of a comparison uses of a model, by what a seller serves: some think longer."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One model on offer. `usage_cost` is what the request of the comparison costs, None where no price is known."""

    quote: Quote
    usage_cost: Decimal | None

    @property
    def family(self) -> Family:
        """Whether it is the full R1, a distill of it or something else."""
        return self.quote.family

    @property
    def descendant(self) -> str | None:
        """Which of R1's descendants it is, such as "V4.1-Flash"; None for R1 itself, its distills, and others'."""
        return descendant_of(_serves(self.quote)) if self.family == "successor" else None

    @property
    def verified(self) -> bool:
        """Whether anyone saw it answer lately."""
        return self.quote.offer is None or self.quote.offer.verified


def offered(
    book: PriceBook,
    providers: Mapping[str, Provider],
    usage_of: UsageOf,
    at: datetime,
    provider: str | None = None,
    model: str | None = None,
    released: Mapping[str, date] | None = None,
) -> tuple[Listing, ...]:
    """What is on offer at `at`: full R1, its distills, its successors, the rest; of each the cheapest request first.

    `released` are the first days of models by `model_key`: before its own nobody sold a model, whatever is not known of
    the beginning of its price.

    `provider` and `model` narrow it: a provider's id without regard to case, a part of a model's id or of what it
    serves; "r1" is R1 and its distills, whatever their ids. Raises NotFound when they name nothing that anyone knows,
    R1PlanError when it is known and not on offer.
    """
    provider = same_provider(provider, book, providers) if provider else None
    quotes = [
        quote(book, providers, each, name, at, usage_of("").input_tokens)
        for each, name in sorted(_names(book, providers))
        if provider in (None, each)
    ]
    own = {(each.provider, each.model) for each in quotes}
    quotes = [each for each in quotes if not _is_alias(each, own)]
    found = [each for each in quotes if model is None or _wanted(each, model)]
    if not found and model is not None and model.casefold() == "r1":
        nobody = f"{provider} sells no R1" if provider else "nobody sells R1"
        raise R1PlanError(f"{nobody} then.", "r1plan prices list --model r1 shows who does now")
    if model is not None and not found:
        known = {each.model for each in quotes} | {each.model.rsplit("/", 1)[-1] for each in quotes}
        raise NotFound.among("model", model, sorted(known), "r1plan prices list shows what there is")
    there = [
        each
        for each in found
        if (each.absence is None or (each.absence == "no_price" and each.offer)) and _is_out(each, released or {})
    ]
    if not there:
        raise _gone(found, providers, model or provider or "", at)
    return tuple(sorted((_listing(each, usage_of) for each in there), key=_place))


def same_provider(name: str, book: PriceBook, providers: Mapping[str, Provider]) -> str:
    """The id of the provider that `name` means, without regard to case. Raises NotFound."""
    known = {*providers, *(each for each, _ in book.names())}
    for each in known:
        if name.casefold() in (each.casefold(), providers[each].name.casefold() if each in providers else None):
            return each
    raise NotFound.among("provider", name, sorted(known), f"there are {', '.join(sorted(known))}")


def cheapest(listings: Collection[Listing], family: Family | None = None) -> tuple[Listing, ...]:
    """The verified listings that cost least, of `family` if given; several when they cost the same."""
    priced = [
        (each.usage_cost, each)
        for each in listings
        if each.usage_cost is not None and each.verified and family in (None, each.family)
    ]
    least = min((cost for cost, _ in priced), default=None)
    return tuple(each for cost, each in priced if cost == least)


def _names(book: PriceBook, providers: Mapping[str, Provider]) -> set[tuple[str, str]]:
    """Each model once, under its own id: aliases are left out."""
    offered = {(each.id, offer.model) for each in providers.values() for offer in each.offers}
    named = {(each.id, name) for each in providers.values() for offer in each.offers for name in offer.aliases}
    own = {(provider, each.base.model) for provider, name in book.names() for each in book.schedules(provider, name)}
    return offered | (own - named)


def _is_alias(each: Quote, own: Collection[tuple[str, str]]) -> bool:
    """Whether at that instant the name is but another one of a model that stands under its own."""
    price = each.price
    return price is not None and price.model != each.model and (each.provider, price.model) in own


def _wanted(each: Quote, model: str) -> bool:
    wanted = model.casefold()
    if wanted == "r1":
        return each.family in ("r1", "distill")
    texts = [each.model, *((*each.offer.aliases, each.offer.serves) if each.offer else ())]
    return any(wanted in text.casefold() for text in texts)


def _is_out(each: Quote, released: Mapping[str, date]) -> bool:
    """Whether what answers was published by then, as far as that is known."""
    first = released.get(model_key(_serves(each)))
    return first is None or each.at.date() >= first


def _serves(each: Quote) -> str:
    return each.served_model or (each.offer.serves if each.offer else each.model)


def _listing(each: Quote, usage_of: UsageOf) -> Listing:
    usage = usage_of(_serves(each))
    return Listing(each, cost_of(usage, each.price.per_token).total_usd if each.price else None)


def _place(each: Listing) -> tuple[int, bool, bool, Decimal, str, str]:
    rank = {"r1": 0, "distill": 1, "successor": 2}.get(each.family, 3)
    return (
        rank, each.usage_cost is None, not each.verified, each.usage_cost or Decimal(0),
        each.quote.provider, each.quote.model,
    )  # fmt: skip


def _gone(found: Collection[Quote], providers: Mapping[str, Provider], name: str, at: datetime) -> R1PlanError:
    successors = {
        each.offer.successor
        for each in found
        if each.offer and each.offer.successor and _is_there(each.offer.successor, providers.get(each.provider), at)
    }
    hint = f"then there was {', '.join(sorted(successors))}" if successors else None
    called = f" that is called '{name}'" if name else ""
    return R1PlanError(
        f"nothing{called} was on offer at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.",
        hint or "r1plan prices list shows what is offered",
    )


def _is_there(model: str, provider: Provider | None, at: datetime) -> bool:
    return provider is not None and any(each.is_current(at) for each in provider.named(model))
