"""Every seller for one workload, side by side: what a month costs there, and whether it can be done. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from r1plan.catalog.provider import Provider, model_key
from r1plan.errors import NotFound, R1PlanError
from r1plan.market.compare import UsagesOf
from r1plan.market.listing import Listing, offered
from r1plan.market.month import MonthCost, MonthHours, WeightedUsage, month_cost
from r1plan.market.overrun import Overrun, overrun_of
from r1plan.market.quote import Quote
from r1plan.prices.book import PriceBook
from r1plan.prices.schedule import EffectivePrice

STALE_DAYS = 60
"""A price that nobody looked at for more days than that is marked."""

LIKE_R1 = "r1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """One model that somebody sells. `is_like` false: it is another model than was asked for, the nearest sold there.

    `month` None: no price is known. `usages` are the requests as they are to it, `output_tokens` those of a mean one.
    """

    quote: Quote
    verified: bool
    is_like: bool
    month: MonthCost | None
    output_tokens: int
    overrun: Overrun
    usages: tuple[WeightedUsage, ...]

    @property
    def can(self) -> bool:
        """Whether the work can be done there, as far as its limits are published."""
        return not self.overrun.is_usual

    @property
    def price(self) -> EffectivePrice | None:
        """The price at the instant asked about."""
        return self.quote.price

    @property
    def currency(self) -> str:
        """What it is billed in."""
        return self.price.currency if self.price else "USD"

    @property
    def serves(self) -> str:
        """The model that answers, else its id."""
        return self.quote.served_model or self.quote.model

    @property
    def age_days(self) -> int | None:
        """How many days before then somebody last looked at the price; None: nobody wrote it down."""
        if self.price is None or self.price.checked is None:
            return None
        return (self.quote.at.date() - self.price.checked).days

    @property
    def is_stale(self) -> bool:
        """Whether that is too long ago."""
        return self.age_days is not None and self.age_days > STALE_DAYS

    @property
    def counts(self) -> bool:
        """Whether it may be called the cheapest: its price is known, it can do the work, and was seen to answer."""
        return self.month is not None and self.can and self.verified


def sellers(
    book: PriceBook,
    providers: Mapping[str, Provider],
    usages_of: UsagesOf,
    hours: MonthHours,
    requests_per_day: float | None,
    at: datetime,
    *,
    model: str | None = None,
    like: str | Collection[str] = LIKE_R1,
    released: Mapping[str, date] | None = None,
) -> tuple[Seller, ...]:
    """Who sells `model`, a part of a name; or one model like `like`, "r1", a name or ids of the catalogue, at each.

    What was asked for comes first, of it what can do the work, of that the cheapest; amounts of one currency stand
    together. A provider that does not sell what `like` says is there with what it sells in its stead, the nearest.
    `released`: as of `offered`. Raises NotFound where nobody sells or sold anything of the name, R1PlanError where it
    is known and not on offer.
    """
    listings = offered(book, providers, lambda serves: usages_of(serves)[0].usage, at, model=model, released=released)
    found = [(each, True) for each in listings] if model is not None else _alike(listings, providers, like)
    made = (_seller(book, listing, is_like, usages_of, hours, requests_per_day) for listing, is_like in found)
    return tuple(sorted(made, key=_place))


def _alike(
    listings: Sequence[Listing], providers: Mapping[str, Provider], like: str | Collection[str]
) -> list[tuple[Listing, bool]]:
    """Of each provider what is like `like`, else the nearest to it that it sells; nothing of who sells nothing near."""
    names = (like,) if isinstance(like, str) else tuple(like)
    of_r1 = [each.casefold() for each in names] == [LIKE_R1]
    wanted = _is_r1 if of_r1 else _named(names)
    by_provider: dict[str, list[Listing]] = {}
    for each in listings:
        by_provider.setdefault(each.quote.provider, []).append(each)
    found: list[tuple[Listing, bool]] = []
    for provider, its in by_provider.items():
        same = [each for each in its if wanted(each)]
        if same:
            found += [(each, True) for each in same]
        elif (near := _nearest(its, providers.get(provider))) is not None:
            found.append((near, False))
    if not any(is_like for _, is_like in found) and not of_r1:
        if not isinstance(like, str):
            raise R1PlanError(f"nobody sells {' or '.join(names)} then.", "--like r1 compares whoever sells R1")
        known = sorted({each.quote.served_model or each.quote.model for each in listings})
        raise NotFound.among("model", like, known, "--like r1 compares whoever sells R1 or its successor")
    return found


def _is_r1(each: Listing) -> bool:
    return each.family == "r1"


def _named(like: Collection[str]) -> Callable[[Listing], bool]:
    keys = {model_key(each) for each in like}

    def wanted(each: Listing) -> bool:
        names = (each.quote.model, each.quote.served_model or "", each.quote.offer.serves if each.quote.offer else "")
        return any(name and model_key(name) in keys for name in names)

    return wanted


def _nearest(listings: Iterable[Listing], provider: Provider | None) -> Listing | None:
    """What a provider sells in R1's stead: its default where that is a successor, else one that is, else a distill."""
    default = provider.default_model if provider else None
    near = [each for each in listings if each.family in ("successor", "r1", "distill") and each.quote.price is not None]

    def place(each: Listing) -> tuple[bool, bool, int, Decimal, str]:
        family = ("r1", "successor", "distill").index(each.family)
        return (not each.verified, each.quote.model != default, family, each.usage_cost or Decimal(0), each.quote.model)

    return min(near, key=place, default=None)


def _seller(
    book: PriceBook,
    listing: Listing,
    is_like: bool,
    usages_of: UsagesOf,
    hours: MonthHours,
    requests_per_day: float | None,
) -> Seller:
    quote = listing.quote
    usages = tuple(usages_of(quote.served_model or (quote.offer.serves if quote.offer else quote.model)))
    source = quote.provider, quote.model
    return Seller(
        quote=quote,
        verified=listing.verified,
        is_like=is_like,
        month=month_cost(book, source, usages, hours, requests_per_day, quote.until) if quote.price else None,
        output_tokens=round(sum(each.share * each.usage.output_tokens for each in usages)),
        overrun=overrun_of(quote.price, usages),
        usages=usages,
    )


def _place(each: Seller) -> tuple[bool, bool, bool, bool, bool, Decimal, str, str]:
    cost = each.month.usd_per_request if each.month else Decimal(0)
    return (
        not each.is_like, not each.can, each.month is None, not each.verified, each.currency != "USD", cost,
        each.quote.provider, each.quote.model,
    )  # fmt: skip
