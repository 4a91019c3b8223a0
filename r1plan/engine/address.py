"""A server's address: taken apart, without what it holds of a key, and whether it leads off this machine. Pure."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from r1plan.engine.keys import ApiKey
from r1plan.errors import UsageError
from r1plan.hosts import is_this_machine

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


def _key_of(netloc: str) -> ApiKey | None:
    """The key that `netloc` holds as user and password. Raises ValueError for what is no text."""
    given, at, _ = netloc.rpartition("@")
    if not at or given in ("", ":"):
        return None
    user, _, password = given.partition(":")
    user, password = unquote(user, errors="strict"), unquote(password, errors="strict")
    encoded = b64encode(f"{user}:{password}".encode()).decode("ascii")
    return ApiKey(encoded, scheme="Basic", also=tuple(each for each in (password or user, given) if each))
