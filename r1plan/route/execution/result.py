"""How a question was answered."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from r1plan.engine.chat import FinishReason
from r1plan.engine.served import ServedNotice
from r1plan.errors import LogError, R1PlanError
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import Cost
from r1plan.prices.usage import Usage
from r1plan.route.spending.bounds import Bounds


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `first_token_s` is None when nothing came; `decode_tok_s` when fewer than two tokens did."""

    first_token_s: float | None
    total_s: float
    decode_tok_s: float | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing that was asked, or passed over, for a question. `entry` None: nothing was sent and there is no row.

    `outcome` is the row's status when the answer came to its end, else its end reason; without a row it is "skipped",
    "over_budget" or "not_opened".
    """

    provider: str
    model: str
    outcome: str
    entry: UsageEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResult:
    """One request and how it went. What had come before a failure is kept.

    `error` is why it failed; `log_error` why the row is not in the log. `logged_in` None: it was not to be logged, or
    could not. `usage` None: nothing is known. `cost` None: no price is known.

    Of a question for which several were asked, this is the last request; `attempts` are all of them, in order. `go_on`
    names what can be asked to go on where an answer broke off or was cut; None where there is nothing to go on with.
    `served` is what is to be told of the model that answered.
    """

    answer: str
    thinking: str
    finish: FinishReason
    usage: Usage | None
    cost: Cost | None
    price: EffectivePrice | None
    timing: Timing
    entry: UsageEntry
    logged_in: Path | None = None
    log_error: LogError | None = None
    error: R1PlanError | None = None
    attempts: tuple[Attempt, ...] = ()
    go_on: str | None = None
    served: ServedNotice | None = None

    @property
    def billed(self) -> Bounds:
        """What all attempts together are billed at least and at most, the electricity of those here included.

        Where the electricity of an attempt is not known it is left out: nobody bills it.
        """
        low, high = Decimal(0), Decimal(0)
        known_low = known_high = True
        for entry in [each.entry for each in self.attempts if each.entry] or [self.entry]:
            if entry.provider == "local":
                low, high = low + (entry.cost_usd or 0), high + (entry.cost_usd or 0)
                continue
            known_low, known_high = (
                known_low and entry.cost_low_usd is not None,
                known_high and entry.cost_high_usd is not None,
            )
            low, high = low + (entry.cost_low_usd or 0), high + (entry.cost_high_usd or 0)
        return Bounds(low if known_low else None, high if known_high else None)
