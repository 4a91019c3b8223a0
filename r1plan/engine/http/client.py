"""The clients that requests go through: the proxies and certificates that the environment names."""

from __future__ import annotations

import os
import ssl

import httpx

from r1plan.engine.http.faults import host_of, prepared
from r1plan.engine.proxy import proxy_of, shown_proxy


class Clients:
    """The clients for the addresses of a server that is called `name`. None follows redirects."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._clients: dict[tuple[str | None, bool], httpx.Client] = {}

    def opened(self, url: str) -> httpx.Client:
        """The client for `url`, built when it is first needed: the environment may hinder that. Raises ProviderError.

        The proxy is ours to choose: httpx would give loopback and private addresses to any that it finds.
        """
        proxy, is_plain = _proxy(url), url.startswith("http:")
        if (proxy, is_plain) not in self._clients:
            with prepared(self._name):
                client = httpx.Client(verify=_tls(is_plain), proxy=proxy, trust_env=False, follow_redirects=False)
            self._clients[proxy, is_plain] = client
        return self._clients[proxy, is_plain]

    def close(self) -> None:
        """Close the connections."""
        for each in self._clients.values():
            each.close()


def place_of(url: str) -> str:
    """The host of `url` and the proxy that leads there, for a sentence."""
    proxy = _proxy(url)
    return host_of(url) + (f" (through the proxy {shown_proxy(proxy)})" if proxy else "")


def _proxy(url: str) -> str | None:
    try:
        return proxy_of(url, os.environ)
    except ValueError:  # no address: that is said where it is asked
        return None


def _tls(is_plain: bool) -> ssl.SSLContext:
    """How TLS is verified: as everywhere, or, where no TLS can be met, by a context that trusts nobody.

    Reading the authorities' certificates takes 40 ms, which a plain address, as of a server of one's own, never needs.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else httpx.create_ssl_context()
