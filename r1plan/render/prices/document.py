"""Prices for programs: `r1plan.price/1`, `r1plan.cost/1` and `r1plan.prices/1`. Prices as published, costs exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.money import exact
from r1plan.render.prices.words import absence_text

if TYPE_CHECKING:
    from r1plan.market.listing import Listing
    from r1plan.market.quote import Quote
    from r1plan.prices.cost import Cost
    from r1plan.prices.schedule import EffectivePrice

PRICE_SCHEMA = "r1plan.price/1"
COST_SCHEMA = "r1plan.cost/1"
LIST_SCHEMA = "r1plan.prices/1"


def price_document(quote: Quote) -> dict[str, object]:
    """One price, or `available` false and the reason. The fields of USD are null for an account in another currency."""
    price = quote.price
    return {
        "schema": PRICE_SCHEMA,
        "provider": quote.provider,
        "model": quote.model,
        "at": quote.at.isoformat(),
        "available": price is not None,
        "reason": None if price is not None else absence_text(quote),
        "successor": quote.offer.successor if price is None and quote.offer else None,
        "served_model": quote.served_model,
        "tier": price.tier if price else None,
        "currency": price.currency if price else None,
        **_rates(price),
        "effective_from": price.effective_from if price else None,
        "effective_until": price.effective_until if price else None,
        "offered_until": quote.until,
        "next": {"at": quote.change.at, "tier": _tier(quote.change.price), **_rates(quote.change.price)}
        if quote.change
        else None,
        "price_id": price.id if price else None,
        "tier_instant": price.tier_instant if price else None,
        "confidence": price.confidence if price else None,
        "checked": price.checked if price else None,
        "caveats": list(price.caveats) if price else [],
        "sources": list(price.sources) if price else [],
    }


def cost_document(quote: Quote, cost: Cost | None) -> dict[str, object]:
    """What one request costs, part by part; every part is null where there is no price."""
    currency = quote.price.currency if quote.price else "USD"
    parts: Mapping[str, Decimal | None] = {
        "input_miss": cost.input_miss_usd if cost else None,
        "cache_hit": cost.cache_hit_usd if cost else None,
        "thinking": cost.thinking_usd if cost else None,
        "answer": cost.answer_usd if cost else None,
        "thinking_unknown": cost.thinking_unknown_usd if cost else None,
        "total": cost.total_usd if cost else None,
        "cache_saving": cost.cache_saving_usd if cost else None,
    }
    fields: dict[str, object] = {"schema": COST_SCHEMA}
    fields |= {f"{name}_usd": _exact(amount) if currency == "USD" else None for name, amount in parts.items()}
    if currency != "USD":
        fields |= {f"{name}_{currency.lower()}": _exact(amount) for name, amount in parts.items()}
    return fields | {"flags": list(cost.flags) if cost else [], "price": price_document(quote)}


def list_document(listings: Iterable[Listing], at: datetime) -> dict[str, object]:
    """Everything on offer, in the order of the list for people."""
    return {
        "schema": LIST_SCHEMA,
        "at": at.isoformat(),
        "offers": [
            {
                "kind": each.family if each.family in ("r1", "distill") else "other",
                "descendant": each.descendant,
                "verified": each.verified,
                **_without_schema(price_document(each.quote)),
            }
            for each in listings
        ],
    }


def _without_schema(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name != "schema"}


def _tier(price: EffectivePrice | None) -> str | None:
    return price.tier if price else None


def _rates(price: EffectivePrice | None) -> dict[str, object]:
    """The published prices, and under `…_billed_…` what a cached token is billed at where none was published."""
    rates = price.rates if price else None
    published: Mapping[str, Decimal | None] = {
        "input_cache_miss": rates.input_cache_miss if rates else None,
        "input_cache_hit": rates.input_cache_hit if rates else None,
        "output": rates.output if rates else None,
        "input_cache_hit_billed": price.per_token.hit.scaleb(6) if price else None,
    }
    in_usd = price is None or price.currency == "USD"
    fields: dict[str, object] = {f"{name}_usd_per_mtok": value if in_usd else None for name, value in published.items()}
    if price is not None and not in_usd:
        fields |= {f"{name}_{price.currency.lower()}_per_mtok": value for name, value in published.items()}
    fields["input_cache_hit_billed_usd_per_mtok"] = _exact(published["input_cache_hit_billed"]) if in_usd else None
    return fields


def _exact(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)
