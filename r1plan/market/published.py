"""What a provider publishes of its prices, held against the price book. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from r1plan.catalog.provider import PriceUnit, Provider, PublishedPrices
from r1plan.prices.book import EffectivePrice, PriceBook

Outcome = Literal["same", "changed", "new", "gone", "unreadable"]
"""As in our book; another price; a model on offer there of which our book has no price now; one that it lists no more;
a price that is no amount."""

_MTOK_OVER_UNIT: dict[PriceUnit, Decimal] = {
    "usd_per_token": Decimal(1_000_000),
    "usd_per_mtok": Decimal(1),
    "usd_e-4_per_mtok": Decimal("0.0001"),
}
_MOST_USD_PER_MTOK = Decimal(100_000)  # more is no price of a token: a unit was changed


class PublishedRates(NamedTuple):
    """Dollars a million tokens, as a list of models has them; `cache_hit` None where the list does not say."""

    input: Decimal
    cache_hit: Decimal | None
    output: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDifference:
    """One model: what our book has at `provider` now, and what is published there.

    `published` is None where the model is not listed, or its price is no amount. `checked` is the day on which somebody
    last looked at our price. `has_tiers`: ours also has prices of other hours or lengths, which no list of models says.
    """

    provider: str
    model: str
    outcome: Outcome
    ours: EffectivePrice | None
    published: PublishedRates | None
    has_tiers: bool = False

    @property
    def checked(self) -> date | None:
        """When somebody last looked at our price."""
        return self.ours.checked if self.ours else None


def published_rates(listed: object, where: PublishedPrices) -> dict[str, PublishedRates | None] | None:
    """The prices of each model of the answer `listed`, None where one is no amount; None: it is no list of models."""
    items = listed if where.items is None else _at(listed, where.items)
    if not isinstance(items, list):
        return None
    found: dict[str, PublishedRates | None] = {}
    for item in items:
        name = _at(item, where.id)
        if isinstance(name, str) and name:
            found[name] = _rates(item, where)
    return found


def differences(
    provider: Provider,
    published: Mapping[str, PublishedRates | None],
    book: PriceBook,
    at: datetime,
) -> tuple[PriceDifference, ...]:
    """Each model that our files know at `provider`, as it stands at `at`: those that differ first, by name.

    Of what else is listed there nothing is said: a provider lists hundreds of models.
    """
    found = [_difference(provider, name, published, book, at) for name in _known(provider, book, at)]
    return tuple(sorted((each for each in found if each), key=lambda each: (each.outcome == "same", each.model)))


def _known(provider: Provider, book: PriceBook, at: datetime) -> Iterable[str]:
    """The ids of what our files have on offer there at `at`, or a price of."""
    offered = {each.model for each in provider.offers if each.is_current(at) and each.answers}
    gone = {name for each in provider.offers if not each.is_current(at) for name in each.names}
    aliases = {alias for each in provider.offers for alias in each.aliases}
    priced = {
        name
        for owner, name in book.names()
        if owner == provider.id and name not in aliases and name not in gone and book.price_at(owner, name, at)
    }
    own = {name for name in priced if (price := book.price_at(provider.id, name, at)) and price.model == name}
    return offered | own


def _difference(
    provider: Provider,
    name: str,
    published: Mapping[str, PublishedRates | None],
    book: PriceBook,
    at: datetime,
) -> PriceDifference | None:
    schedule = next((each for each in book.schedules(provider.id, name) if each.start <= at < each.until), None)
    price = None if schedule is None else schedule.base
    names = next((each.names for each in provider.named(name) if each.is_current(at)), (name,))
    listed = next((each for each in names if each in published), None)
    rates = published[listed] if listed is not None else None
    has_tiers = schedule is not None and bool(schedule.clock or schedule.above_input_tokens)
    if listed is None:
        outcome: Outcome = "gone"
        if price is None:
            return None
    elif rates is None:
        outcome = "unreadable"
    elif price is None:
        outcome = "new"
    else:
        outcome = "same" if _same(price, rates) else "changed"
    return PriceDifference(
        provider=provider.id, model=name, outcome=outcome, ours=price, published=rates, has_tiers=has_tiers
    )


def _same(price: EffectivePrice, rates: PublishedRates) -> bool:
    """Whether nothing that is published differs; a cache's price that the list leaves out is no difference."""
    ours = price.rates
    if rates.cache_hit is not None:
        hit = ours.input_cache_miss if ours.input_cache_hit is None else ours.input_cache_hit
        if rates.cache_hit != hit:
            return False
    return (rates.input, rates.output) == (ours.input_cache_miss, ours.output)


def _rates(item: object, where: PublishedPrices) -> PublishedRates | None:
    scale = _MTOK_OVER_UNIT[where.unit]
    amounts = [_amount(_at(item, path), scale) for path in (where.input, where.output)]
    hit = None if where.cache_hit is None else _amount(_at(item, where.cache_hit), scale)
    if amounts[0] is None or amounts[1] is None:
        return None
    return PublishedRates(amounts[0], hit, amounts[1])


def _amount(value: object, scale: Decimal) -> Decimal | None:
    """A price of a million tokens; None for what is none: a text, a negative number, one that no token costs."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        amount = Decimal(value) * scale
    except (InvalidOperation, ValueError):
        return None
    if not amount.is_finite() or not 0 <= amount <= _MOST_USD_PER_MTOK:
        return None
    return amount.normalize() if amount else Decimal(0)


def _at(value: object, path: str) -> object:
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def worth_writing(found: Iterable[PriceDifference]) -> Iterator[tuple[str, PublishedRates]]:
    """The models and rates that a new dated row says: of a price that differs, or of which there was none.

    Where the list says nothing of cached input, ours stays where fresh input costs what it did. A price by hours or
    lengths is no single one: what its list of models says of it is looked at by a person.
    """
    for each in found:
        rates, ours = each.published, each.ours
        if each.outcome not in ("changed", "new") or rates is None or each.has_tiers:
            continue
        if rates.cache_hit is None and ours is not None and ours.rates.input_cache_miss == rates.input:
            rates = rates._replace(cache_hit=ours.rates.input_cache_hit)
        yield each.model, rates
