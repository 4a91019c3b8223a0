"""What is asked: the request, who should answer it, and what holds for every question."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.engine.chat import ChatRequest
from r1plan.route.execution.record import Labels

if TYPE_CHECKING:
    from r1plan.catalog.budgets import Budgets
    from r1plan.catalog.policy import Binding
    from r1plan.engine.keys import ApiKey
    from r1plan.ledger.usage_log import UsageLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who should answer, as it was named; nothing named: whoever is chosen by default.

    `model` is a model as a person types it (`models.reference`), `provider` a provider's id, `base_url` a server that
    no catalogue knows. `local`: on this machine, or not at all. `route` names a routing policy that chooses.
    """

    model: str | None = None
    provider: str | None = None
    local: bool = False
    base_url: str | None = None
    route: str | None = None

    @property
    def is_named(self) -> bool:
        """Whether it was said who should answer."""
        return bool(self.model or self.provider or self.base_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRequest:
    """One request, who should answer it, and USD that all attempts at it may cost; None: no limit of its own.

    `projects` are all that its conversation has ever had, and `binding` is what has bound that to this machine.
    """

    request: ChatRequest
    wanted: Wanted = Wanted()
    max_cost_usd: Decimal | None = None
    projects: tuple[str, ...] = ()
    binding: Binding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """What holds for every question that one asker asks.

    `log` learns of each attempt, filed under `labels`, and tells what was spent of `budgets`; `log_text` puts prompt
    and answer into it. `context_tokens` are those of a model on this machine, whose electricity is counted at
    `power_usd_per_kwh`. `conversation` is the id that the rows of its turns share. `sends_nothing`: only what would be
    done is wanted, so nothing is opened. `chat_template` is the text of one for a model on this machine, None: its own.
    `address_key` is what the address of `Wanted.base_url` held of a key.
    """

    log: UsageLog
    labels: Labels = field(default_factory=Labels)
    budgets: Budgets | None = None
    context_tokens: int = 8192
    power_usd_per_kwh: Decimal | None = None
    conversation: str | None = None
    log_text: bool = False
    sends_nothing: bool = False
    chat_template: str | None = None
    address_key: ApiKey | None = None
