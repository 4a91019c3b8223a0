"""Whether a key may go to an address of plain http. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from r1plan.catalog.provider import Provider
from r1plan.engine.address import ServerAddress
from r1plan.engine.keys import ApiKey
from r1plan.engine.proxy import proxy_of
from r1plan.errors import ProviderError

PLAIN_HTTP = "R1PLAN_ALLOW_PLAIN_HTTP"
"""The environment variable that names hosts to which a key may go over plain http."""


def check_way(provider: Provider, address: ServerAddress, key: ApiKey | None, environ: Mapping[str, str]) -> None:
    """Raise ProviderError where `key` would travel so that others on the way can read it, and nobody asked for that.

    A word that stands in for a key, such as EMPTY, is none. It is asked for in words by the provider's file, or by the
    host in R1PLAN_ALLOW_PLAIN_HTTP (with a port or without, several after commas).
    """
    if key is None or key.is_placeholder or not address.is_open or provider.allow_plain_http:
        return
    if not address.can_be_asked and proxy_of(address.url, environ) is None:
        return  # nothing can go there, which is said where it is tried
    if {address.host, f"[{address.host}]", address.name} & {
        each.strip().lower() for each in environ.get(PLAIN_HTTP, "").split(",")
    }:
        return
    raise ProviderError(
        f"the key of {provider.name} would go to {address.name} over plain http, where others can read it.",
        f"give an address of https, or allow it: {PLAIN_HTTP}={address.host}",
        fault="refused",
    )
