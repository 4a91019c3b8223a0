"""The connections of a pull: Hugging Face's own client, whose token goes to the endpoint alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from r1plan.errors import EngineError
from r1plan.hosts import is_near

if TYPE_CHECKING:
    import ssl

    import httpx2

    from r1plan.models.pull.access import HubAccess

_CONNECT_S = 15.0


@contextmanager
def hub_client(access: HubAccess) -> Iterator[httpx2.Client]:
    """A client for the files, which huggingface_hub's own requests have the like of meanwhile.

    Raises EngineError where huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import close_session, set_client_factory
        from huggingface_hub.utils.logging import set_verbosity
    except ImportError as error:
        raise EngineError(
            f"to fetch models, huggingface_hub is needed, and it cannot be loaded: {error}.",
            "pip install 'r1plan[hub]'",
        ) from error
    set_verbosity(logging.CRITICAL)  # what it would say of each retry is told by us
    set_client_factory(lambda: _client(access))
    try:
        with _client(access) as client:
            yield client
    finally:
        close_session()


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once: that takes longer than all else of a client."""
    import httpx2

    return httpx2.create_ssl_context()


def _client(access: HubAccess) -> httpx2.Client:
    import httpx2

    endpoint = _origin(httpx2.URL(access.endpoint))

    def guard(request: httpx2.Request) -> None:
        if _origin(request.url) != endpoint:
            request.headers.pop("Authorization", None)
        if endpoint[0] == "https" and request.url.scheme != "https":
            raise httpx2.UnsupportedProtocol(f"{access.host} redirects to plain http")

    return httpx2.Client(
        event_hooks={"request": [guard]},
        verify=_trusted(),
        follow_redirects=True,
        max_redirects=8,
        timeout=httpx2.Timeout(access.stall_s, connect=min(_CONNECT_S, access.stall_s)),
        # No proxy has any business with a server near us.
        trust_env=not is_near(urlsplit(access.endpoint).hostname or ""),
    )


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host.lower(), url.port or default
