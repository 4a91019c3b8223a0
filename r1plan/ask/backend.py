"""How a model here or at a provider is opened, what it costs, and what is known of who answers there."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from r1plan.engine.served import ServedNotice, served_notice
from r1plan.engine.target import RemoteTarget
from r1plan.route.execution.record import PriceFor, no_price
from r1plan.route.execution.target import AttemptTarget, Engines

if TYPE_CHECKING:
    from r1plan.ask.local.run import LocalRun
    from r1plan.ask.question import AskOptions
    from r1plan.engine.chat import ChatEngine
    from r1plan.hardware.energy import Energy, Meter
    from r1plan.ledger.entry import UsageEntry
    from r1plan.prices.book import PriceBook


def local_backend(run: LocalRun, engines: Engines, options: AskOptions) -> AttemptTarget:
    """A model file, whose electricity is measured, and counted where its price was given."""
    return AttemptTarget(
        provider="local",
        model=run.target.model,
        connect=engines.once(f"local/{run.target.path}", run.load),
        meter=_measured,
        power_usd_per_kwh=options.power_usd_per_kwh,
    )


def provider_backend(
    target: RemoteTarget, engines: Engines, book: PriceBook | None, options: AskOptions
) -> AttemptTarget:
    """A provider's model at the prices of `book`; None: no price of it is known in dollars."""
    provider, model = target.provider.id, target.model

    def reach() -> ChatEngine:
        from r1plan.engine.connect import connect
        from r1plan.settings import directories

        config = directories().config
        return connect(target, os.environ, config=config, session=options.conversation)

    def per_token(at: datetime) -> Decimal | None:
        price = None if book is None else book.price_at(provider, model, at)
        return None if price is None else price.per_token.output

    def served(entry: UsageEntry, before: str | None) -> ServedNotice | None:
        return served_notice(target.provider, model, entry.model_served, entry.started_at, before)

    return AttemptTarget(
        provider=provider,
        model=model,
        is_remote=True,
        connect=engines.once(f"{provider}/{model}", reach),
        price_for=no_price if book is None else _price_in(book, provider),
        usd_per_token=per_token,
        served=served,
    )


def _price_in(book: PriceBook, provider: str) -> PriceFor:
    return lambda entry: book.price_for(
        provider,
        entry.model_requested,
        started_at=entry.started_at,
        first_token_at=entry.first_token_at,
        ended_at=entry.placed_at,
        input_tokens=entry.input_tokens,
    )


def _measured() -> Callable[[], Energy | None]:
    """Begins to measure the electricity of an answer from here."""
    return _meter()()


@cache
def _meter() -> Meter:
    from r1plan.engine.local.llama.library import uses_gpu
    from r1plan.hardware.energy import meter
    from r1plan.hardware.nvidia import driver_present, library

    return meter(library() if uses_gpu() and driver_present() else None)
