"""The wire dialects and the engine that speaks each: a new one is its file in profiles/dialects, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from r1plan.catalog.provider import Provider, ThinkingBack, WireDialect
from r1plan.engine.chat import ChatEngine
from r1plan.engine.keys import ApiKey
from r1plan.engine.limits import ServerLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model is asked and how. `key` None sends no authorization.

    `session` names the conversation where a provider's cache needs that; `back` is the thinking that the model wants.
    """

    provider: Provider
    model: str
    base_url: str
    key: ApiKey | None
    limits: ServerLimits | None
    session: str | None
    back: ThinkingBack


def _openai(to: Endpoint) -> ChatEngine:
    from r1plan.engine.http.chat import HttpEngine

    return HttpEngine(
        to.provider,
        to.model,
        base_url=to.base_url,
        key=to.key,
        limits=to.limits,
        session=to.session,
        back=to.back,
    )


def _replicate(to: Endpoint) -> ChatEngine:
    from r1plan.engine.http.replicate import ReplicateEngine

    return ReplicateEngine(to.provider, to.model, base_url=to.base_url, key=to.key, limits=to.limits)


ENGINES: Mapping[WireDialect, Callable[[Endpoint], ChatEngine]] = {"openai": _openai, "replicate": _replicate}
