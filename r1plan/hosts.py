"""Where a host is, by the letters of its name or number alone: on this machine, near it, or elsewhere. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from unicodedata import normalize

# Loopback, RFC 1918, RFC 3927, RFC 6598 (a carrier's own), RFC 4291, RFC 4193; 0.0.0.0 and :: reach this machine.
_NEAR = tuple(
    map(
        ip_network,
        [
            *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
            *("0.0.0.0/32", "::/128", "::1/128", "fe80::/10", "fc00::/7"),
        ],
    )
)
# RFC 6761, RFC 6762, RFC 8375, and what ICANN keeps for networks of one's own.
_NEAR_NAMES = (".localhost", ".local", ".home.arpa", ".internal")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|\d+", re.ASCII)
_LOOPBACK = ip_network("127.0.0.0/8")


def is_this_machine(host: str) -> bool:
    """Whether `host` is this machine by its own letters: a loopback address or "localhost". No name is looked up."""
    if not host.isascii():  # what a resolver makes of other letters is not for us to say
        return False
    name = _bare(host)
    number = _number(name)
    if isinstance(number, IPv6Address):
        return number.is_loopback and number.scope_id is None
    return name == "localhost" if number is None else number in _LOOPBACK


def is_near(host: str) -> bool:
    """Whether `host` is this machine or in a network of one's own, which no proxy has any business with."""
    name = _bare(host)
    number = _number(name)
    if number is None:
        return name == "localhost" or name.endswith(_NEAR_NAMES)
    return any(number in each for each in _NEAR)


def numeric(host: str) -> IPv4Address | IPv6Address | None:
    """The number that `host` is, in any spelling that a system takes; None: it is a name."""
    return _number(_bare(host))


def _bare(host: str) -> str:
    return normalize("NFKC", host).casefold().replace("\u3002", ".").removesuffix(".")


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host)
    except ValueError:
        return _old_number(host)
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _old_number(host: str) -> IPv4Address | None:
    """An IPv4 address as inet_aton(3) takes it, and so getaddrinfo: 127.1, 2130706433, 0x7f.0.0.1, 0177.1."""
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(each) for each in parts):
        return None
    try:
        values = [_digits(each) for each in parts]
    except ValueError:  # 08 is no octal number
        return None
    *first, last = values
    if any(each > 255 for each in first) or last >= 256 ** (5 - len(parts)):
        return None
    value = last
    for place, each in enumerate(first):
        value |= each << (24 - 8 * place)
    return IPv4Address(value)


def _digits(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if text[0] == "0" and len(text) > 1 else int(text)
