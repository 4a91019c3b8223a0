"""What is asked: the request, who should answer it, and what holds for every question."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.engine.chat import ChatRequest
from r1plan.plan.pins import Pins
from r1plan.route.execution.record import Labels

if TYPE_CHECKING:
    from r1plan.catalog.budgets import Budgets
    from r1plan.catalog.policy import Binding
    from r1plan.engine.keys import ApiKey
    from r1plan.engine.local.kept.place import StatePlace
    from r1plan.ledger.usage_log import UsageLog

LoadProgress = Callable[[str], AbstractContextManager[Callable[[float], None]]]
"""Shows how far the loading of the model of that name is, from 0 to 1, as long as the context lasts."""


def unseen(_model: str) -> AbstractContextManager[Callable[[float], None]]:
    """Shows nothing of it."""
    return nullcontext(lambda _share: None)


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
    and answer into it. `pins` and `threads` are what is fixed of how a model on this machine runs (None: as planned),
    whose electricity is counted at `power_usd_per_kwh`; `load_progress` shows how far one is loaded. `conversation` is
    the id that the rows of its turns share. `sends_nothing`: only what would be done is wanted, so nothing is opened.
    `may_fetch`: somebody can be asked whether a model is to be fetched. `chat_template` is the text of one for a model
    on this machine, None: its own; `kept` is where what such a model has read of the conversation stays for the next
    run. `address_key` is what the address of `Wanted.base_url` held of a key.
    """

    log: UsageLog
    labels: Labels = field(default_factory=Labels)
    budgets: Budgets | None = None
    pins: Pins = field(default_factory=Pins)
    threads: int | None = None
    load_progress: LoadProgress = unseen
    power_usd_per_kwh: Decimal | None = None
    conversation: str | None = None
    log_text: bool = False
    sends_nothing: bool = False
    chat_template: str | None = None
    may_fetch: bool = False
    kept: StatePlace | None = None
    address_key: ApiKey | None = None
