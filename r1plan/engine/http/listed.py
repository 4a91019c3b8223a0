"""A provider's own list of models, as it answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from r1plan.catalog.provider import Provider, PublishedPrices
from r1plan.engine.dialects.json_values import value_of
from r1plan.engine.http.faults import ANY_ADDRESS
from r1plan.engine.http.transport import Transport
from r1plan.engine.keys import ApiKey, find_key, where_to_put
from r1plan.engine.limits import ServerLimits
from r1plan.engine.target import RemoteTarget
from r1plan.errors import ProviderError

# A list of several hundred models with their descriptions is a few MiB.
_MOST_BYTES = 32 << 20
_LIMITS = ServerLimits(
    connect_s=10,
    first_token_s=30,
    stall_s=20,
    total_s=60,
    body_bytes=_MOST_BYTES,
    event_bytes=_MOST_BYTES,
    idle_bytes=_MOST_BYTES,
)


def listed_models(
    provider: Provider, where: PublishedPrices, environ: Mapping[str, str], config: Path | None
) -> tuple[str, object]:
    """The address of the list of models of `provider`, and what it answers: None where that is no JSON.

    The key goes along where there is one. Raises ProviderError: no key where one is needed, nobody there, a refusal.
    """
    address = RemoteTarget(provider, "").address(environ)
    if address is None:
        raise ProviderError(f"no address of {provider.name} is known.", f"set {provider.base_url_variable}")
    key = find_key(provider, environ, config) or address.key
    if key is None and where.needs_key:
        raise ProviderError(
            f"{provider.name} tells its prices only to who has a key.",
            where_to_put(provider, config),
            fault="refused",
        )
    try:
        return _asked(provider, where, address.url, key)
    except ProviderError as error:
        hint = (error.hint or "").replace(ANY_ADDRESS, provider.base_url_variable)
        raise ProviderError(error.message, hint or None, fault=error.fault) from error


def _asked(provider: Provider, where: PublishedPrices, base_url: str, key: ApiKey | None) -> tuple[str, object]:
    transport = Transport(replace(provider, first_token_s=30), "", base_url=base_url, key=key, limits=_LIMITS)
    url = f"{base_url.rstrip('/')}{where.path}"
    try:
        with transport.exchange("GET", url, headers={"Accept": "application/json"}) as exchange:
            text = exchange.text_in_time()
    finally:
        transport.close()
    return url, None if text is None else value_of(text)
