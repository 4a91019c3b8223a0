"""httpx's errors in our words, with the server's host and never its user part or the key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.refusal import KEPT
from r1plan.errors import ProviderError

ANY_ADDRESS = "--base-url, R1PLAN_<PROVIDER>_BASE_URL"
"""How an address is given, in a hint; a command that takes no --base-url names the variable alone."""

_REACH = f"check the network and the address ({ANY_ADDRESS})."
_PROXY = "check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or name the host in NO_PROXY."
_SOURCE_LINE = re.compile(r" \(_ssl\.c:\d+\)$")


def host_of(url: str) -> str:
    """The host and port of `url`, as they may be shown."""
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return host.encode("utf-8", "backslashreplace").decode() or "an address that is none"


@contextmanager
def prepared(name: str) -> Iterator[None]:
    """Turn what the environment does to a client that is being built inside into ProviderError."""
    try:
        yield
    except ImportError as error:
        raise _unreachable(
            f"{name}: the environment names a SOCKS proxy, and the package 'socksio' that it takes is not installed",
            f"install socksio; {_PROXY}",
        ) from error
    except OSError as error:  # ssl.SSLError is one
        raise _unreachable(
            f"{name}: the certificates that TLS trusts cannot be read: {_reason(error)}",
            "check the files that SSL_CERT_FILE and SSL_CERT_DIR name.",
        ) from error
    except (ValueError, httpx.InvalidURL) as error:  # its words may hold the proxy's password
        raise _unreachable(f"{name}: the environment names a proxy that cannot be used", _PROXY) from error


@contextmanager
def addressed(name: str, host: str, has_sent: Callable[[], bool]) -> Iterator[None]:
    """Turn what an unusable address raises inside, beside httpx's errors, into ProviderError.

    `has_sent`: whether the request was on its way already, so that it may be billed.
    """
    try:
        yield
    except (ValueError, OSError, ImportError, httpx.InvalidURL) as error:
        if has_sent():
            raise _broke_off(name, host) from error
        raise _unreachable(f"{_at(name, host)}: this is no address that can be asked", _REACH) from error


def unwritable(name: str, error: ValueError) -> ProviderError:
    """The error for a request that cannot be written as JSON in UTF-8, as `error` says."""
    if isinstance(error, UnicodeEncodeError):
        what, hint = "half a character", "write it again as UTF-8 text."
    else:
        what, hint = "a number that is none", "check --temperature."
    return ProviderError(f"the request to {name} holds {what}, and cannot be sent.", hint, fault="unreachable")


def _unreachable(where_and_why: str, hint: str) -> ProviderError:
    return ProviderError(f"cannot reach {where_and_why}.", hint, fault="unreachable")


def _at(name: str, host: str) -> str:
    """Who is asked where; a server without a name of its own is called by its host."""
    return host if host.partition(" ")[0] == name else f"{name} at {host}"


def _broke_off(name: str, host: str) -> ProviderError:
    return ProviderError(f"the connection to {_at(name, host)} broke off.", KEPT, fault="connection_lost")


@contextmanager
def translated(name: str, host: str, watchdog: Watchdog) -> Iterator[None]:
    """Turn what httpx raises inside into ProviderError."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise ProviderError(
            f"{_at(name, host)} did not take the connection within {watchdog.limits.connect_s:g} s.",
            _REACH,
            fault="unreachable",
        ) from error
    except httpx.ConnectError as error:
        hint = _PROXY if "(through the proxy" in host else _REACH
        raise _unreachable(f"{_at(name, host)}: {_reason(error)}", hint) from error
    except httpx.ProxyError as error:
        raise _unreachable(f"{_at(name, host)}: the proxy refused: {_reason(error)}", _PROXY) from error
    except httpx.HTTPError as error:
        if watchdog.expired is not None or isinstance(error, httpx.ReadTimeout):
            raise gave_up(name, watchdog) from error
        if isinstance(error, httpx.TimeoutException):
            raise ProviderError(
                f"{_at(name, host)} did not take the request in time.", _REACH, fault="timeout"
            ) from error
        raise _broke_off(name, host) from error


def gave_up(name: str, watchdog: Watchdog) -> ProviderError:
    """The error for a server that kept us waiting too long."""
    limit = f"{watchdog.limit_s:g} s"
    match watchdog.expired or watchdog.waiting_for:
        case "first_token":
            return ProviderError(
                f"{name} sent no word of an answer for {limit}.",
                "ask again later, or choose another provider with --provider.",
                fault="first_token_timeout",
            )
        case "stall":
            return ProviderError(f"{name} sent nothing more for {limit}.", KEPT, fault="stalled")
    return ProviderError(f"{name} was not done after {limit}.", KEPT, fault="timeout")


def _reason(error: Exception) -> str:
    """The system's own words for it, without the number, and without the line of ssl's source."""
    text = _SOURCE_LINE.sub("", str(error).rpartition("] ")[2]).rstrip(".") or "no connection"
    return text[:1].lower() + text[1:200] if not text.isupper() else text
