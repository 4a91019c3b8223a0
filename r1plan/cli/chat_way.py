"""Who answers a question of `r1plan chat`: from what was wished for to an engine that is open, and its price."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.conversation.session import Wishes
from r1plan.errors import EngineError, NotFound, UsageError

if TYPE_CHECKING:
    from r1plan.engine.chat import ChatEngine
    from r1plan.engine.target import LocalTarget, RemoteTarget
    from r1plan.hardware.energy import Meter
    from r1plan.route.record import PriceFor

DEMONSTRATION = (
    "r1-tiny answers: the built-in demonstration model, not R1; it does small arithmetic. "
    "For a real one: --model FILE.gguf, or --provider deepseek."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One engine that is open. `policy` and `reason` say who chose it and why, `usd_per_token` what it writes for."""

    engine: ChatEngine
    price_for: PriceFor
    usd_per_token: Decimal | None
    meter: Meter | None
    policy: str
    reason: str
    notes: tuple[str, ...] = ()


def way(wishes: Wishes, context_tokens: int) -> Way:
    """Open what `wishes` name. Nothing is sent; a wrong price file is found out before an answer was paid for.

    Raises UsageError, NotFound, EngineError, ProviderError and CatalogError.
    """
    from r1plan.engine.connect import connect
    from r1plan.settings import directories

    target = _target(wishes)
    price_for, usd_per_token, notes = _prices(target)
    if not wishes.is_named:
        notes = (DEMONSTRATION, *notes)
    return Way(
        engine=connect(target, os.environ, context_tokens, config=directories().config),
        price_for=price_for,
        usd_per_token=usd_per_token,
        meter=_meter(target),
        policy="asked" if wishes.is_named else "default",
        reason=_reason(wishes),
        notes=notes,
    )


def model_names() -> tuple[str, ...]:
    """What may be named: PROVIDER/MODEL of all that is offered now, and r1-tiny."""
    from r1plan.catalog.load import load_providers
    from r1plan.engine.target import TINY, can_be_asked, is_current

    now = datetime.now(UTC)
    offers = (
        f"{provider.id}/{offer.model}"
        for provider in load_providers().values()
        if can_be_asked(provider)
        for offer in provider.offers
        if is_current(offer, now)
    )
    return (TINY, *dict.fromkeys(offers))


def _reason(wishes: Wishes) -> str:
    if wishes.is_named:
        return "named on the command line"
    return "--local without --model: the built-in model" if wishes.local else "nothing was named: the built-in model"


def _target(wishes: Wishes) -> LocalTarget | RemoteTarget:
    """What the wishes name. The catalogue is read only when a provider is meant."""
    from r1plan.engine.target import custom_target, local_target, remote_target
    from r1plan.tiny import MODEL_PATH

    model, provider, base_url = wishes.model, wishes.provider, wishes.base_url
    if wishes.local and (provider or base_url):
        raise UsageError("--local answers here, --provider and --base-url elsewhere.", "leave one of them out.")
    if base_url and not provider:
        return custom_target(base_url, model)
    if not provider and (here := local_target(model, MODEL_PATH)):
        return here
    if wishes.local:
        raise UsageError(f"'{model}' is not a model file.", "give the path of one: --model FILE.gguf")

    from r1plan.catalog.load import load_models, load_providers

    try:
        return remote_target(model, provider, load_providers(), datetime.now(UTC), base_url)
    except NotFound:
        known = {each.casefold(): each for each in load_models()} if model and not provider else {}
        if model and model.casefold() in known:
            raise EngineError(
                f"{known[model.casefold()]} is not on this machine.", "download its GGUF and name it: --model FILE.gguf"
            ) from None
        raise


def _prices(target: LocalTarget | RemoteTarget) -> tuple[PriceFor, Decimal | None, tuple[str, ...]]:
    """The price in force for a request of `target`, what a token written now costs, and what is to be said of it.

    Neither a local model nor an unknown server has a price.
    """
    from r1plan.engine.target import LocalTarget
    from r1plan.route.record import no_price

    if isinstance(target, LocalTarget) or target.provider.base_url is None:
        return no_price, None, ()

    from r1plan.catalog.load import load_holidays, load_prices
    from r1plan.prices.account import account_currencies
    from r1plan.prices.book import PriceBook

    provider = target.provider.id
    accounts = account_currencies({provider}, os.environ)
    if currency := next((each for each in accounts.values() if each != "USD"), None):
        # A row holds dollars; the report prices it by the account's own list.
        said = f"This account is billed in {currency}: cost-report --currency {currency} says what it cost."
        return no_price, None, (said,)
    book = PriceBook(load_prices(provider), load_holidays())
    now = book.price_at(provider, target.model, datetime.now(UTC))
    return (
        lambda entry: book.price_for(
            provider,
            entry.model_requested,
            started_at=entry.started_at,
            first_token_at=entry.first_token_at,
            ended_at=entry.placed_at,
            input_tokens=entry.input_tokens,
        ),
        None if now is None else now.per_token.output,
        (),
    )


def _meter(target: LocalTarget | RemoteTarget) -> Meter | None:
    """What measures the electricity of an answer from here."""
    from r1plan.engine.target import LocalTarget

    if not isinstance(target, LocalTarget):
        return None
    from r1plan.engine.local import uses_gpu
    from r1plan.hardware.energy import meter
    from r1plan.hardware.nvidia import driver_present, library

    return meter(library() if uses_gpu() and driver_present() else None)
