"""Which proxy a request goes through, by what the environment says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from r1plan.engine.address import shown_address
from r1plan.hosts import is_near, numeric

_PORTS = {"http": 80, "https": 443}


def proxy_of(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy for `url`, as the environment names it, its user and password included; None: it is asked directly.

    HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count in any case of their letters, the small one first. What is on
    this machine or in a network of one's own is always asked directly.
    """
    parts = urlsplit(url)
    host, said = parts.hostname, _said(environ)
    proxy = said.get(parts.scheme) or said.get("all")
    if not host or not proxy or is_near(host):
        return None
    port = parts.port or _PORTS.get(parts.scheme)
    if any(_keeps(each, host, port, parts.scheme) for each in re.split(r"[\s,]+", said.get("no", "")) if each):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def shown_proxy(proxy: str) -> str:
    """`proxy` as it may be shown: without user and password."""
    return shown_address(proxy).rstrip("/")


def _said(environ: Mapping[str, str]) -> dict[str, str]:
    """What the environment says of `http`, `https`, `all` and `no`, stripped; empty small letters unsay the others."""
    found: dict[str, str] = {}
    for small in (False, True):
        for name, value in environ.items():
            kind, ends, _ = name.lower().partition("_proxy")
            # The server of a web page sets HTTP_PROXY from a header that any visitor may send (httpoxy).
            visitors = name == "HTTP_PROXY" and "REQUEST_METHOD" in environ
            if f"{kind}{ends}" == name.lower() and ends and (name == name.lower()) is small and not visitors:
                found[kind] = value.strip()
    return found


def _keeps(entry: str, host: str, port: int | None, scheme: str) -> bool:
    """Whether `entry` of NO_PROXY keeps `host` from any proxy.

    It is `*`, a host, a domain (with its subdomains; a dot or `*.` before it changes nothing), an address, a network as
    10.0.0.0/8, each with a port or without.
    """
    before, slashes, rest = entry.partition("://")
    if slashes and before not in (scheme, "all"):
        return False
    entry = (rest if slashes else entry).casefold()
    if entry == "*":
        return True
    if (network := _network(entry)) is not None:
        number = numeric(host)
        return number is not None and number in network
    name, its_port = _name_and_port(entry)
    if its_port is not None and its_port != port:
        return False
    if (number := numeric(name)) is not None:
        return number == numeric(host)
    domain, asked = name.removeprefix("*").strip("."), host.casefold().removesuffix(".")
    return bool(domain) and (asked == domain or asked.endswith(f".{domain}"))


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    if "/" not in entry:
        return None
    address, _, length = entry.partition("/")
    try:
        return ip_network(f"{address.strip('[]')}/{length}", strict=False)
    except ValueError:
        return None


def _name_and_port(entry: str) -> tuple[str, int | None]:
    """`entry` taken apart: "host:80", "[::1]:80", "::1", "host"."""
    if found := re.fullmatch(r"\[([^\]]*)\](?::(\d+))?|([^:]*):(\d+)", entry, re.ASCII):
        inner, inner_port, name, port = found.groups()
        return (inner or name or ""), int(inner_port or port) if inner_port or port else None
    return entry, None
