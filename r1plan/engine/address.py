"""A server's address: taken apart, without what it holds of a key, and whether it leads off this machine. Pure."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from unicodedata import normalize
from urllib.parse import unquote, urlsplit, urlunsplit

from r1plan.engine.keys import ApiKey
from r1plan.errors import UsageError

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
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """An http or https address. `url` is without user and password, which are the `key` where there are any."""

    url: str
    scheme: str
    host: str
    port: int
    key: ApiKey | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The host and port, always both: no id of a provider has a colon in it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_this_machine(self) -> bool:
        """Whether what is sent there stays on this machine."""
        return is_this_machine(self.host)

    @property
    def can_be_asked(self) -> bool:
        """Whether the host could be one: text, of which no part is empty or longer than 63 characters."""
        if any("\ud800" <= each <= "\udfff" for each in self.host):
            return False
        return ":" in self.host or all(0 < len(each) < 64 for each in self.host.removesuffix(".").split("."))

    @property
    def is_open(self) -> bool:
        """Whether others on the way can read what is sent there."""
        return self.scheme == "http" and not self.is_this_machine


def server_address(text: str) -> ServerAddress:
    """`text` taken apart. Raises UsageError, whose message holds no user, password or query, when it is no address."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        if parts.scheme not in _PORTS or not host or parts.query or parts.fragment:
            raise ValueError
        key = _key_of(parts.netloc)
    except ValueError:  # UnicodeError is one
        raise UsageError(
            f"'{shown_address(text)}' is not a server's address.", "example: http://127.0.0.1:8080/v1"
        ) from None
    url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return ServerAddress(url, parts.scheme, host, _PORTS[parts.scheme] if port is None else port, key)


def stored_address(text: str) -> str:
    """`text`, perhaps an address, as it may be kept in a file: without user, password and query."""
    try:
        return server_address(text).url
    except UsageError:
        return shown_address(text)


def shown_address(text: str) -> str:
    """`text`, perhaps an address, as it may be shown: without user and password, and without its query's values."""
    scheme, slashes, rest = text.partition("://")
    if not slashes:
        scheme, rest = "", text
    shown = scheme + slashes + rest.rpartition("@")[2]
    plain, mark, _ = re.sub(r"[?#]", "?", shown, count=1).partition("?")
    return f"{plain}{mark and '?...'}"


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


def _key_of(netloc: str) -> ApiKey | None:
    """The key that `netloc` holds as user and password. Raises ValueError for what is no text."""
    given, at, _ = netloc.rpartition("@")
    if not at or given in ("", ":"):
        return None
    user, _, password = given.partition(":")
    user, password = unquote(user, errors="strict"), unquote(password, errors="strict")
    encoded = b64encode(f"{user}:{password}".encode()).decode("ascii")
    return ApiKey(encoded, scheme="Basic", also=tuple(each for each in (password or user, given) if each))
