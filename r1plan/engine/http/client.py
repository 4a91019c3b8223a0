"""The client that requests go through, as the environment says: its proxies, and the certificates that it trusts."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import httpx

from r1plan.engine.http.faults import prepared


def client_of(name: str, base_url: str | None) -> httpx.Client:
    """A client for the addresses below `base_url`; None: for any. Raises ProviderError, which calls the server `name`.

    It follows no redirects.
    """
    with prepared(name):
        return httpx.Client(
            verify=_tls(base_url),
            # httpx builds every proxy that the environment names, also those that NO_PROXY keeps from this host.
            trust_env=base_url is None or not proxy_bypass(urlsplit(base_url).netloc.rpartition("@")[2]),
            follow_redirects=False,
        )


def _tls(base_url: str | None) -> ssl.SSLContext:
    """How TLS is verified: as everywhere, or, where no TLS can be met, by a context that trusts nobody.

    Reading the authorities' certificates takes 40 ms, which a plain address, as of a server of one's own, never needs.
    """
    if base_url is not None and base_url.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context()
