"""httpx's errors in our words, with the server's host and never its user part or the key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.refusal import KEPT
from r1plan.errors import ProviderError

_REACH = "check the network and the address (--base-url, R1PLAN_<PROVIDER>_BASE_URL)."


@contextmanager
def translated(name: str, host: str, watchdog: Watchdog) -> Iterator[None]:
    """Turn what httpx raises inside into ProviderError."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise ProviderError(
            f"{name} at {host} did not take the connection within {watchdog.limits.connect_s:g} s.",
            _REACH,
            fault="unreachable",
        ) from error
    except httpx.ConnectError as error:
        raise ProviderError(f"cannot reach {name} at {host}: {_reason(error)}.", _REACH, fault="unreachable") from error
    except httpx.HTTPError as error:
        if watchdog.expired is not None or isinstance(error, httpx.ReadTimeout):
            raise gave_up(name, watchdog) from error
        if isinstance(error, httpx.TimeoutException):
            raise ProviderError(
                f"{name} at {host} did not take the request in time.", _REACH, fault="timeout"
            ) from error
        raise ProviderError(f"the connection to {name} at {host} broke off.", KEPT, fault="connection_lost") from error


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


def _reason(error: httpx.ConnectError) -> str:
    """The system's own words for it, without the number."""
    text = str(error).rpartition("] ")[2].rstrip(".") or "no connection"
    return text[:1].lower() + text[1:200] if not text.isupper() else text
