"""One thing that may be asked, and what asking it may cost; a decision becomes a row of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from r1plan.engine.chat import ChatEngine
from r1plan.errors import R1PlanError
from r1plan.hardware.energy import Meter
from r1plan.ledger.entry import UsageEntry
from r1plan.route.execution.record import PriceFor


def unmarked(entry: UsageEntry) -> UsageEntry:
    """The row as it is."""
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTarget:
    """One thing that may be asked, in the order of the decision.

    `provider` is a provider's id, or "local". `connect` is called when the leg's turn comes, and whoever made it closes
    the engine. `reserve_usd` is the p90 of the cost; None: no price is known. `input_tokens_most` is the most tokens
    that the prompt may have, where somebody counted better than by its bytes. `mark` adds to the row what the decision
    knew.

    A leg with `give_up_after_s` or `max_thinking` hands over to the next one when no answer has begun after so many
    seconds of its turn, or when its thinking is longer than so many tokens. The last leg never hands over.
    """

    provider: str
    model: str
    connect: Callable[[], ChatEngine]
    price_for: PriceFor
    reserve_usd: Decimal | None
    meter: Meter | None = None
    power_usd_per_kwh: Decimal | None = None
    give_up_after_s: float | None = None
    max_thinking: int | None = None
    input_tokens_most: int | None = None
    mark: Callable[[UsageEntry], UsageEntry] = unmarked

    @property
    def name(self) -> str:
        """How a sentence calls it."""
        return self.model if self.provider == "local" else f"{self.provider}/{self.model}"

    @property
    def hands_over(self) -> bool:
        """Whether it may give way to the next leg before its answer begins."""
        return self.give_up_after_s is not None or self.max_thinking is not None


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
