"""What an hour of a graphics card costs to rent, and what electricity costs: profiles/rentals.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, ClassVar, Literal

from r1plan.catalog.quality import Confidence
from r1plan.catalog.reading.fields import Filled, Matching, Price

_FORBID_EXTRA = {"extra": "forbid"}

RentalTerms = Literal["on-demand", "community", "interruptible", "starting-at", "per-second"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RentalOffer:
    """What `seller` asked for an hour of one card on the day `seen_on`; None: the day was never verified.

    `gpus` are the ids of the cards that may be meant, `offer` what the seller calls it, `source` a short name that the
    file spells out.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    gpus: Annotated[tuple[str, ...], Filled()]
    seller: str
    offer: str
    terms: RentalTerms
    usd_per_gpu_hour: Price
    seen_on: date | None
    source: str
    confidence: Confidence
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerTariff:
    """What a kilowatt-hour cost in a region and a period, on average, in `currency`, from which nothing is converted.

    `period` is a month (2026-04), a half (2025-H1) or a year.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    region: str
    customer: Literal["household", "business"]
    price_per_kwh: Price
    currency: Annotated[str, Matching(r"[A-Z]{3}")]
    period: Annotated[str, Matching(r"\d{4}(-(0[1-9]|1[0-2]|H[12]))?")]
    source: str
    confidence: Confidence
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rentals:
    """One file, or all of them together. `sources` spells out the short names that the rows use."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    sources: dict[str, str] = field(default_factory=dict)
    rentals: tuple[RentalOffer, ...] = ()
    electricity: tuple[PowerTariff, ...] = ()

    def source_of(self, row: RentalOffer | PowerTariff) -> str:
        """Where `row` comes from, spelt out."""
        return self.sources.get(row.source, row.source)


def load_rentals() -> Rentals:
    """Our rows and the user's; a user's row of the same seller, cards, offer and day, or region and period, replaces.

    Raises CatalogError for a wrong file.
    """
    from r1plan.catalog.cache import cached
    from r1plan.catalog.reading.files import files_of

    files = files_of("profiles", stem="rentals")

    def build() -> Rentals:
        from r1plan.catalog.reading.validate import load_file

        return together(load_file(Rentals, file) for file in files)

    return cached("rentals", Rentals, files, build)


def together(files: Iterable[Rentals]) -> Rentals:
    """All files as one; of rows of the same key the last stays."""
    sources: dict[str, str] = {}
    offers: dict[tuple[object, ...], RentalOffer] = {}
    tariffs: dict[tuple[object, ...], PowerTariff] = {}
    for file in files:
        sources |= file.sources
        offers |= {(each.seller, each.gpus, each.offer, each.seen_on): each for each in file.rentals}
        tariffs |= {(each.region, each.customer, each.period): each for each in file.electricity}
    return Rentals(sources=sources, rentals=tuple(offers.values()), electricity=tuple(tariffs.values()))
