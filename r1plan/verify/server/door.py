"""Questions to a server whose kind is not known yet: each within bounds, and answered by None where it has no such."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError

if TYPE_CHECKING:
    from r1plan.engine.http.exchange import HttpExchange
    from r1plan.engine.http.transport import Transport

# Facts come at once or not at all; a body of them is as long as a list of models with their templates.
_FACTS = ServerLimits(connect_s=5, first_token_s=10, stall_s=10, total_s=15, body_bytes=4 << 20, event_bytes=4 << 20)
# An answer may have to wait until its model is loaded.
ANSWERS = ServerLimits(connect_s=5, first_token_s=240, stall_s=60, total_s=300, body_bytes=4 << 20, event_bytes=4 << 20)
# What says that a server has no such path, and not what is wrong with it.
_NO_SUCH = frozenset({400, 404, 405, 410, 415, 422, 501})
# A key that lacks, and a server that is not ready: as llama-server while it loads, or a proxy before one that is down.
_SAID = frozenset({401, 403, 502, 503, 504})

T = TypeVar("T")


class ServerDoor:
    """Asks the server at `transport`'s address, whose paths begin at `root`."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport, self._root = transport, root

    def get(self, path: str) -> object:
        """The JSON at `path`; None where there is none. Raises ProviderError where nobody answers or a key lacks."""
        text = self.text(path)
        if text is None:
            return None
        from r1plan.engine.dialects.json_values import value_of

        return value_of(text)

    def fields(self, path: str) -> Mapping[str, object] | None:
        """The same, where it is an object."""
        found = self.get(path)
        return found if isinstance(found, dict) else None

    def text(self, path: str) -> str | None:
        """The text at `path`, without the key, as people may read it; None where there is none. Raises as `get`."""
        found = self._asked("GET", path, None, _FACTS, lambda exchange: exchange.text_in_time())
        return None if found is None else self._transport.hide_key(found)

    def post(
        self, path: str, body: Mapping[str, object], limits: ServerLimits = ANSWERS
    ) -> Mapping[str, object] | None:
        """What the server answers `body`; None where it takes no such. Raises ProviderError."""
        return self._asked("POST", path, body, limits, lambda exchange: exchange.json())

    def _asked(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        limits: ServerLimits,
        read: Callable[[HttpExchange], T],
    ) -> T | None:
        headers = {"Accept": "application/json, text/plain"}
        try:
            with self._transport.exchange(
                method, self._root + path, body=body, limits=limits, headers=headers
            ) as exchange:
                return read(exchange)
        except ProviderError as error:
            is_fact = method == "GET" and error.status is not None and error.status not in _SAID
            if is_fact or error.status in _NO_SUCH or error.fault == "bad_stream":
                return None
            raise
