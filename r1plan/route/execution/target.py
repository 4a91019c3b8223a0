"""One thing that may be asked, and what asking it may cost; a decision becomes a row of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from r1plan.catalog.provider import LOCAL
from r1plan.engine.chat import ChatEngine
from r1plan.engine.served import ServedNotice
from r1plan.errors import R1PlanError
from r1plan.hardware.energy import Meter
from r1plan.ledger.entry import UsageEntry
from r1plan.route.execution.record import PriceFor, no_price


def unmarked(entry: UsageEntry) -> UsageEntry:
    """The row as it is."""
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeLimits:
    """When a target gives way to the next before its answer begins; None: never for that.

    `after_s` are seconds of its turn without an answer, `thinking_tokens` the longest thinking.
    """

    after_s: float | None = None
    thinking_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTarget:
    """A model here or at a provider that may be asked, with what a decision knows of asking it.

    `provider` is a provider's id, or "local"; `is_remote` says that it is one's, whatever it is called. `connect` is
    called when the target's turn comes, and whoever made it closes the engine. `usd_per_token` is what a token of its
    output costs at an instant, None where nobody knows; `served` what is to be told of the model that answered, from
    the row's end and what answered the last time.

    `reserve_usd` is the p90 of the cost; None: no price is known. `input_tokens_most` is the most tokens that the
    prompt may have, where somebody counted better than by its bytes. `usual_thinking_tokens` is what nine of ten such
    questions took to think, None: nobody saw enough of them. `mark` adds to the row what the decision knew.
    The last target never gives way, whatever its `cascade` says.
    """

    provider: str
    model: str
    connect: Callable[[], ChatEngine]
    is_remote: bool = False
    price_for: PriceFor = no_price
    usd_per_token: Callable[[datetime], Decimal | None] = lambda _at: None
    served: Callable[[UsageEntry, str | None], ServedNotice | None] = lambda _entry, _before: None
    meter: Meter | None = None
    power_usd_per_kwh: Decimal | None = None
    reserve_usd: Decimal | None = None
    input_tokens_most: int | None = None
    usual_thinking_tokens: int | None = None
    cascade: CascadeLimits | None = None
    mark: Callable[[UsageEntry], UsageEntry] = unmarked

    @property
    def id(self) -> str:
        """As a candidate of a decision is called."""
        return f"{self.provider}/{self.model}"

    @property
    def is_local(self) -> bool:
        """Whether it is a model that is run by r1plan itself, and so bills nobody but for its electricity."""
        return self.provider == LOCAL and not self.is_remote

    @property
    def name(self) -> str:
        """How a sentence calls it."""
        return self.model if self.is_local else self.id


class Engines:
    """Engines that are opened once, when first wanted, and closed together.

    >>> with Engines() as engines:
    ...     target = AttemptTarget(connect=engines.once("local", lambda: connect(target, environ, context)), ...)
    """

    def __init__(self) -> None:
        self._open: dict[str, ChatEngine] = {}

    def once(self, key: str, open_: Callable[[], ChatEngine]) -> Callable[[], ChatEngine]:
        """A function that opens `key` at its first call and gives the same engine at every further one."""

        def opened() -> ChatEngine:
            if key not in self._open:
                self._open[key] = open_()
            return self._open[key]

        return opened

    def close(self) -> None:
        """Close all that were opened."""
        while self._open:
            _, engine = self._open.popitem()
            with suppress(R1PlanError):
                engine.close()

    def __enter__(self) -> Engines:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
