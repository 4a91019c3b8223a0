"""An engine behind Replicate's predictions: create one, stream its text, read its counts; cancel it when broken off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from urllib.parse import urlsplit

from r1plan.catalog.provider import Provider
from r1plan.engine.chat import ChatRequest, Event
from r1plan.engine.dialects.replicate import Prediction, create_path, request_body
from r1plan.engine.http.chat import LOST, ended_early
from r1plan.engine.http.exchange import HttpExchange
from r1plan.engine.http.transport import Transport
from r1plan.engine.keys import ApiKey
from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError
from r1plan.prices.usage import Usage

# The counts come a moment after the last word, and are not waited for long.
_LOOKS, _LOOK_EVERY_S = 5, 0.2
_SHORT = ServerLimits(connect_s=5, stall_s=5, total_s=5)


class ReplicateEngine:
    """Asks Replicate for `model`, OWNER/NAME. `key` None sends no authorization."""

    def __init__(
        self,
        provider: Provider,
        model: str,
        *,
        base_url: str,
        key: ApiKey | str | None,
        limits: ServerLimits | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._provider = provider
        self._model = model
        self._transport = Transport(provider, model, base_url=base_url, key=key, limits=limits or ServerLimits())
        self._pause = pause
        self._prediction: Prediction | None = None

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._provider.id

    @property
    def model(self) -> str:
        """The id that is asked for."""
        return self._model

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        """The answer as it comes. A prediction that is not read to its end is canceled. Raises ProviderError."""
        self._prediction = None
        url = self._transport.base_url + create_path(self._model)
        prediction = Prediction(self._provider, request, self._transport.hide_key)
        try:
            with self._transport.exchange("POST", url, body=request_body(request, self._provider)) as exchange:
                self._prediction = prediction
                prediction.created(exchange.json())
            if prediction.finish_reason is None:
                yield from self._streamed(prediction)
        finally:
            if prediction.id and prediction.finish_reason is None and not prediction.has_ended:
                self._cancel(prediction)
        self._count(prediction)
        yield from prediction.unstreamed()
        yield prediction.finished()
        if prediction.failure is not None:
            raise prediction.failure

    def usage_so_far(self) -> Usage | None:
        """What is known of a prediction that broke off: its counts when the cancelling told them, else estimates."""
        return self._prediction.usage() if self._prediction else None

    def served_so_far(self) -> str | None:
        """The model that the prediction has named, if it has."""
        return self._prediction.served_model if self._prediction else None

    def billed_so_far(self) -> Decimal | None:
        """What the prediction has said that is billed, where the provider's file says how to read that."""
        return self._prediction.reported_usd() if self._prediction else None

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _streamed(self, prediction: Prediction) -> Iterator[Event]:
        try:
            with self._transport.exchange("GET", self._checked(prediction.stream_url)) as exchange:
                yield from self._events(exchange, prediction)
        except ProviderError as error:
            yield from prediction.rest()
            if prediction.finish_reason is None or error.fault not in LOST:
                raise
        else:
            yield from prediction.rest()

    def _events(self, exchange: HttpExchange, prediction: Prediction) -> Iterator[Event]:
        seen = 0
        for event in exchange.events():
            yield from prediction.read(event.event, event.data)
            if prediction.progress != seen:
                seen = prediction.progress
                exchange.part_came(prediction.characters)
            if prediction.finish_reason is not None:
                return
        raise ended_early(self._provider)

    def _checked(self, url: str) -> str:
        """`url`, which the server named, when it is as safe as the address that the person named."""
        allowed = ("https",) if self._transport.base_url.startswith("https:") else ("https", "http")
        if not _is_address(url, allowed):
            raise ProviderError(
                f"{self._provider.name} named an address that is not safe to stream from.",
                "check the server's address.",
                fault="bad_stream",
            )
        return url

    def _count(self, prediction: Prediction) -> None:
        """Read the counts of a prediction that has ended. Without them they are estimated."""
        with suppress(ProviderError):
            for look in range(_LOOKS):
                if look:
                    self._pause(_LOOK_EVERY_S)
                with self._transport.exchange("GET", self._own(prediction), limits=_SHORT) as exchange:
                    prediction.state(exchange.json())
                if prediction.is_counted or prediction.has_ended:
                    return

    def _cancel(self, prediction: Prediction) -> None:
        with (
            suppress(ProviderError),
            self._transport.exchange("POST", f"{self._own(prediction)}/cancel", limits=_SHORT) as exchange,
        ):
            prediction.state(exchange.json())

    def _own(self, prediction: Prediction) -> str:
        """The prediction's address, from our own base: one that the server names would get the key."""
        return f"{self._transport.base_url}/predictions/{prediction.id}"


def _is_address(url: str, schemes: Sequence[str]) -> bool:
    """Whether `url` is a whole address of one of `schemes`, without a user or anything that readers differ about."""
    if not (url.isascii() and url.isprintable() and " " not in url and "\\" not in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False
