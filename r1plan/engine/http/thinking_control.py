"""Ends the thinking of a completion that runs at llama.cpp's server, over the endpoint that it has for that.

Source: tools/server/README.md of build 0c1e57098, "POST /v1/chat/completions/control". A server that lacks it answers
404; one that has it says in JSON whether there is such a completion.
"""

from __future__ import annotations

from r1plan.catalog.provider import Provider
from r1plan.engine.http.transport import Transport
from r1plan.engine.keys import ApiKey
from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError

# It answers between two tokens; a server that reads a long prompt may take a batch.
_LIMITS = ServerLimits(connect_s=5, first_token_s=10, stall_s=10, total_s=15)


class ThinkingControl:
    """The control of the completions that `provider` runs for `model`, over connections of its own."""

    def __init__(self, provider: Provider, model: str, *, base_url: str, key: ApiKey | str | None) -> None:
        self._model = model
        self._transport = Transport(provider, model, base_url=base_url, key=key, limits=_LIMITS)
        self._url = f"{self._transport.base_url}{provider.chat_path}/control"
        self._is_there: bool | None = None

    def is_there(self) -> bool:
        """Whether the server has such an endpoint; it is asked once."""
        if self._is_there is None:
            self._is_there = self._said("none") is not None
        return self._is_there

    def ends(self, completion: str) -> bool:
        """End the thinking of `completion`. False where the server does not, or is not heard."""
        return self._said(completion) is True

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _said(self, completion: str) -> bool | None:
        """What it answers; None where it does not say whether it did."""
        body = {"id": completion, "action": "reasoning_end", "model": self._model}
        try:
            with self._transport.exchange("POST", self._url, body=body) as exchange:
                success = exchange.json().get("success")
        except ProviderError:
            return None
        return success if isinstance(success, bool) else None
