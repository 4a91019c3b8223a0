"""From a target to an engine that can be asked. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from r1plan.engine.chat import ChatEngine
from r1plan.engine.dialects.table import ENGINES, Endpoint
from r1plan.engine.history import inline_thinking, thinking_back
from r1plan.engine.keys import find_key, where_to_put
from r1plan.engine.limits import ServerLimits
from r1plan.engine.plain_http import check_way
from r1plan.engine.target import RemoteTarget, offered
from r1plan.errors import ProviderError


def connect(
    target: RemoteTarget,
    environ: Mapping[str, str],
    *,
    config: Path | None = None,
    limits: ServerLimits | None = None,
    session: str | None = None,
) -> ChatEngine:
    """The engine for `target`. Raises ProviderError (no key, no address).

    `config` is the directory that may hold keys.yaml. `session` names the conversation to providers that keep a cache
    for it.
    """
    provider = target.provider
    key = find_key(provider, environ, config)
    address = target.address(environ)
    if address is None:
        raise ProviderError(
            f"{provider.name} has no address.",
            f"set {provider.base_url_variable}, or give --base-url URL.",
            fault="refused",
        )
    if key is not None and address.key is not None:
        raise ProviderError(
            f"{provider.name} has two keys: the usual one, and a user and password in its address.",
            f"unset {provider.key_variable}, or leave USER:PASSWORD@ out of the address.",
            fault="refused",
        )
    key = key or address.key
    if key is None and provider.needs_key:
        raise ProviderError(
            f"no key for {provider.name}.", f"{where_to_put(provider, config)}; or ask here: --local", fault="refused"
        )
    check_way(provider, address, key, environ)
    if provider.dialect == "none":
        raise ProviderError(f"r1plan does not speak with {provider.name}.", "choose another provider.", fault="refused")
    offer = offered(provider, target.model, datetime.now(UTC))
    return ENGINES[provider.dialect](
        Endpoint(
            provider=replace(provider, inline_thinking=inline_thinking(provider, offer)),
            model=target.model,
            base_url=address.url,
            key=key,
            limits=limits,
            session=session,
            back=thinking_back(provider, offer),
        )
    )
