"""One thing that `r1plan chat` may ask: how it is opened, and what it costs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from r1plan.route.execution.record import PriceFor, no_price

if TYPE_CHECKING:
    from r1plan.ask.options import AskOptions
    from r1plan.engine.chat import ChatEngine
    from r1plan.engine.target import LocalTarget, RemoteTarget
    from r1plan.hardware.energy import Energy, Meter
    from r1plan.prices.book import PriceBook
    from r1plan.route.execution.target import Engines


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A model here or at a provider. `connect` opens it once; `usd_per_token` is what its output costs then."""

    provider: str
    model: str
    connect: Callable[[], ChatEngine]
    price_for: PriceFor = no_price
    usd_per_token: Callable[[datetime], Decimal | None] = lambda _at: None
    meter: Meter | None = None

    @property
    def id(self) -> str:
        """As a candidate of a decision is called."""
        return f"{self.provider}/{self.model}"


def local_backend(target: LocalTarget, engines: Engines, asking: AskOptions) -> Backend:
    """A model file, whose electricity is measured."""

    def load() -> ChatEngine:
        from r1plan.engine.connect import connect

        return connect(target, os.environ, asking.context_tokens)

    return Backend(
        provider="local",
        model=target.model,
        connect=engines.once(f"local/{target.path}", load),
        meter=_measured,
    )


def provider_backend(target: RemoteTarget, engines: Engines, book: PriceBook | None, asking: AskOptions) -> Backend:
    """A provider's model at the prices of `book`; None: no price of it is known in dollars."""
    provider, model = target.provider.id, target.model

    def reach() -> ChatEngine:
        from r1plan.engine.connect import connect
        from r1plan.settings import directories

        config = directories().config
        return connect(target, os.environ, asking.context_tokens, config=config, session=asking.conversation)

    opened = engines.once(f"{provider}/{model}", reach)
    if book is None:
        return Backend(provider=provider, model=model, connect=opened)

    def per_token(at: datetime) -> Decimal | None:
        price = book.price_at(provider, model, at)
        return None if price is None else price.per_token.output

    return Backend(
        provider=provider,
        model=model,
        connect=opened,
        price_for=lambda entry: book.price_for(
            provider,
            entry.model_requested,
            started_at=entry.started_at,
            first_token_at=entry.first_token_at,
            ended_at=entry.placed_at,
            input_tokens=entry.input_tokens,
        ),
        usd_per_token=per_token,
    )


def _measured() -> Callable[[], Energy | None]:
    """Begins to measure the electricity of an answer from here."""
    return _meter()()


@cache
def _meter() -> Meter:
    from r1plan.engine.local import uses_gpu
    from r1plan.hardware.energy import meter
    from r1plan.hardware.nvidia import driver_present, library

    return meter(library() if uses_gpu() and driver_present() else None)
