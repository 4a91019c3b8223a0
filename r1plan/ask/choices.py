"""What a person may choose among: the models here, and what the user's keys reach, with what an answer costs there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1plan.catalog.provider import Family


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that can be asked by its `name`. `cost` is that of a usual answer in `currency`; None: not known."""

    name: str
    serves: str
    family: Family
    cost: Decimal | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class ModelChoices:
    """What can answer at providers, R1 and the cheapest first, and the variables of the keys that are not there.

    The costs are those of an answer with `input_tokens` and `output_tokens`.
    """

    elsewhere: tuple[ModelChoice, ...]
    missing_keys: tuple[str, ...]
    input_tokens: int
    output_tokens: int


def model_choices(at: datetime) -> ModelChoices:
    """What can be asked at `at`; the keyring is asked too. Raises CatalogError."""
    from r1plan.ask.candidates import reachable
    from r1plan.catalog.load import load_holidays, load_prices, load_providers
    from r1plan.plan.workload import Workload
    from r1plan.prices.account import account_currencies
    from r1plan.prices.book import PriceBook
    from r1plan.prices.cost import cost_of

    providers = load_providers()
    keys, _ = reachable(providers, with_ring=True)
    book = PriceBook(load_prices(), load_holidays(), account_currencies(set(providers), os.environ))
    usage = Workload().usage
    found = []
    for id_ in keys:
        for offer in providers[id_].offers:
            if not (offer.verified and offer.answers and offer.is_current(at)):
                continue
            price = book.price_at(id_, offer.model, at, usage.input_tokens)
            cost = None if price is None else cost_of(usage, price.per_token).total_usd
            currency = "USD" if price is None else price.currency
            found.append(ModelChoice(f"{id_}/{offer.model}", offer.serves, offer.family, cost, currency))
    others = (each for each in providers.values() if each.can_be_asked and each.offers and not each.own_server)
    missing = {each.key_variable for each in others if each.id not in keys}
    return ModelChoices(
        tuple(sorted(found, key=_place)),
        tuple(sorted(each for each in missing if each)),
        usage.input_tokens,
        usage.output_tokens,
    )


def _place(each: ModelChoice) -> tuple[int, bool, Decimal, str]:
    families = ("r1", "distill", "successor", "other")
    return families.index(each.family), each.cost is None, each.cost or Decimal(0), each.name
