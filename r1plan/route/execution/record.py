"""What the log says of a request: the row at its beginning and the one at its end. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from r1plan.engine.chat import ChatRequest, FinishReason
from r1plan.errors import ProviderError, ProviderFault, R1PlanError
from r1plan.hardware.energy import Energy
from r1plan.ledger.entry import EndReason, Status, UsageEntry
from r1plan.ledger.schema import MONEY_DIGITS
from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import Cost, cost_of
from r1plan.prices.usage import Provenance, Usage
from r1plan.route.execution.bill import as_logged, with_bill
from r1plan.route.spending.bounds import NOTHING, Bounds, broken_off, ended, input_range, longest_input_tokens

PriceFor = Callable[[UsageEntry], EffectivePrice | None]
"""The price in force for a request, or None. It sees the row before its cost is in it."""

# A price may change while a server writes on after a connection broke: with the hour, or with the length of the input.
_WRITES_ON = timedelta(hours=2)
_LOOK_EVERY = timedelta(minutes=15)

_STATUS: Mapping[FinishReason, Status] = {"length": "length", "aborted": "aborted", "failed": "failed"}
_END: Mapping[FinishReason, EndReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "failed": "server_failed",
}
_COUNTED: tuple[Provenance, ...] = ("reported", "counted")
_UNSENT: tuple[ProviderFault, ...] = ("refused", "unreachable")

Stop = Literal["budget", "thinking_limit", "thinking_loop", "answer_loop", "handed_over"]
"""Why a stream was ended from here: a limit of the user's, text that only repeats itself, another is asked instead."""


def no_price(_entry: UsageEntry) -> None:
    """For an engine here, and for a server that no price list knows."""
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the user files a request under. `policy` says who chose the provider."""

    project: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: str = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request went. `finish` None: it broke off, because of `why`, or was ended from here for what `stop` says.

    `usage` None: nothing is known of it. `capped`: its longest answer was made shorter, to what the user allows.
    `reported_usd` is what the provider says it bills, where it says so. `sent` False: it was withdrawn before it was.
    """

    first_token_at: datetime | None
    ended_at: datetime
    served_model: str | None
    finish: FinishReason | None
    why: KeyboardInterrupt | OSError | R1PlanError | None
    thinking: str
    answer: str
    usage: Usage | None
    energy: Energy | None = None
    stop: Stop | None = None
    capped: bool = False
    reported_usd: Decimal | None = None
    sent: bool = True

    @property
    def received(self) -> tuple[str, str]:
        """The text that came."""
        return self.thinking, self.answer

    @property
    def unsent(self) -> bool:
        """Whether nothing can have been generated: nothing was sent, the server was not reached, or it refused."""
        if not self.sent:
            return True
        return self.usage is None and isinstance(self.why, ProviderError) and self.why.fault in _UNSENT

    @property
    def is_whole(self) -> bool:
        """Whether the answer came to its end, or the server told what it counted to where it gave up."""
        reported = self.usage is not None and self.usage.provenance.get("output_tokens") == "reported"
        return self.finish is not None and (self.finish != "failed" or reported)

    @property
    def finished_as(self) -> FinishReason:
        """How it ended, for the person who asked."""
        if self.finish is not None:
            return self.finish
        if self.stop is not None and self.stop != "handed_over":
            return "length"
        return "failed" if isinstance(self.why, R1PlanError) else "aborted"

    @property
    def status(self) -> Status:
        """The row's status. What was cut from here is "aborted": what it is billed at is not certain."""
        if self.finish is None and self.stop is not None:
            return "aborted"
        return _STATUS.get(self.finished_as, "ok")

    @property
    def end_reason(self) -> EndReason:
        """Why it ended, in one word that holds no text of the server's."""
        if self.finish is not None:
            return "budget" if self.capped and self.finish == "length" else _END.get(self.finish, "interrupted")
        if self.stop is not None:
            return self.stop
        match self.why:
            case ProviderError(fault=fault):
                return fault
            case R1PlanError():
                return "engine_failed"
            case OSError():
                return "closed_pipe"
        return "interrupted"


def unbounded_start(id_: str, provider: str, model: str, labels: Labels, started_at: datetime) -> UsageEntry:
    """The row of a request that is about to be sent, without what it may cost."""
    return UsageEntry(
        id=id_,
        started_at=started_at,
        first_token_at=None,
        ended_at=None,
        provider=provider,
        model_requested=model,
        model_served=None,
        project=labels.project,
        tags=labels.tags,
        policy=labels.policy,
        status="started",
        input_tokens=None,
        output_tokens=None,
    )


def with_bounds(entry: UsageEntry, bounds: Bounds) -> UsageEntry:
    """`entry` with what it may be billed."""
    return replace(entry, cost_low_usd=bounds.low_usd, cost_high_usd=bounds.high_usd)


def at_end(
    begun_as: UsageEntry,
    outcome: Outcome,
    request: ChatRequest,
    price_for: PriceFor,
    power_usd_per_kwh: Decimal | None = None,
) -> tuple[UsageEntry, EffectivePrice | None, Cost | None]:
    """The row that replaces `begun_as`, and the price and cost in it, None where not known."""
    usage, energy = outcome.usage, outcome.energy
    entry = replace(
        begun_as,
        first_token_at=outcome.first_token_at,
        ended_at=outcome.ended_at,
        model_served=outcome.served_model,
        status=outcome.status,
        end_reason=outcome.end_reason,
        http_status=outcome.why.status if isinstance(outcome.why, ProviderError) else None,
        input_tokens=usage.input_tokens if usage else None,
        cache_hit_tokens=usage.cache_hit_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        thinking_tokens=usage.thinking_tokens if usage else None,
        provenance=usage.provenance if usage else {},
        flags=usage.flags if usage else (),
        cost_low_usd=None,
        cost_high_usd=None,
        reported_usd=as_logged(outcome.reported_usd),
    )
    if outcome.unsent:
        nothing = dict.fromkeys(("input_tokens", "output_tokens"), "counted")
        return _costing(entry, Decimal(0), NOTHING, input_tokens=0, output_tokens=0, provenance=nothing), None, None
    if energy is not None:
        entry = _with_energy(entry, energy, power_usd_per_kwh)
    price = price_for(entry) if usage is not None else None
    if usage is None or price is None:
        if not outcome.is_whole:
            prices = prices_from(outcome.ended_at, entry, request, price_for)
            entry = _costing(entry, entry.cost_usd, broken_off(request, outcome.received, usage, prices))
        return with_bill(entry, whole=outcome.is_whole), None, None
    cost = cost_of(usage, price.per_token)
    if outcome.is_whole and _is_counted(usage) and not usage.ranges:
        bounds = _certain(usage, price, cost)
    elif outcome.is_whole:
        inputs = (usage.input_tokens, *input_range(request, usage))
        bounds = ended(request, outcome.received, usage, _prices_for(entry, inputs, [outcome.ended_at], price_for))
    else:
        bounds = broken_off(request, outcome.received, usage, prices_from(outcome.ended_at, entry, request, price_for))
    entry = _costing(entry, _within(cost.total_usd, bounds), bounds, price_id=price.id)
    return with_bill(entry, whole=outcome.is_whole), price, cost


def with_text(entry: UsageEntry, request: ChatRequest, outcome: Outcome) -> UsageEntry:
    """`entry` with what was asked and answered."""
    asked = [{"role": each.role, "content": each.content} for each in request.messages]
    return replace(entry, text={"messages": asked, "thinking": outcome.thinking, "answer": outcome.answer})


def prices_from(
    at: datetime, entry: UsageEntry, request: ChatRequest, price_for: PriceFor
) -> tuple[EffectivePrice, ...]:
    """The prices that may be in force when a request that is not known to have ended at `at` does end."""
    ends = [at + number * _LOOK_EVERY for number in range(_WRITES_ON // _LOOK_EVERY + 1)]
    return _prices_for(entry, (entry.input_tokens or 0, longest_input_tokens(request)), ends, price_for)


def _prices_for(
    entry: UsageEntry, inputs: Sequence[int], ends: Sequence[datetime], price_for: PriceFor
) -> tuple[EffectivePrice, ...]:
    """The prices of a request that may have any of `inputs` tokens and end at any of `ends`."""
    found: dict[tuple[str, str], EffectivePrice] = {}
    for tokens in inputs:
        for end in ends:
            price = price_for(replace(entry, ended_at=end, input_tokens=tokens))
            if price is None and not found:
                return ()
            if price is not None:
                found[price.id, price.tier] = price
    return tuple(found.values())


def _costing(entry: UsageEntry, cost_usd: Decimal | None, bounds: Bounds, **changes: Any) -> UsageEntry:
    return replace(entry, cost_usd=cost_usd, cost_low_usd=bounds.low_usd, cost_high_usd=bounds.high_usd, **changes)


def _with_energy(entry: UsageEntry, energy: Energy, power_usd_per_kwh: Decimal | None) -> UsageEntry:
    """`entry` with the electricity it took and, where the tariff is known, what that cost."""
    entry = replace(
        entry,
        energy_wh=energy.watt_hours,
        provenance={**entry.provenance, "energy_wh": energy.provenance},
        flags=(*entry.flags, f"energy_{energy.source}"),
    )
    if power_usd_per_kwh is None:
        return entry
    usd = energy.watt_hours * power_usd_per_kwh / 1000
    return replace(entry, cost_usd=round(usd, MONEY_DIGITS), price_id=f"electricity@{power_usd_per_kwh}")


def _is_counted(usage: Usage) -> bool:
    """Whether all that is billed was reported or counted."""
    return all(usage.provenance.get(field) in _COUNTED for field in ("input_tokens", "output_tokens"))


def _certain(usage: Usage, price: EffectivePrice, cost: Cost) -> Bounds:
    """The bounds of a whole answer whose tokens were counted."""
    # Cached input that the server did not tell of is billed as fresh at most, as cached at least.
    untold = usage.input_tokens if usage.cache_hit_tokens is None else 0
    return Bounds(cost.total_usd - price.per_token.saving * untold, cost.total_usd)


def _within(cost_usd: Decimal, bounds: Bounds) -> Decimal:
    """`cost_usd`, an estimate, moved into `bounds` where it lies outside."""
    low = cost_usd if bounds.low_usd is None else max(cost_usd, bounds.low_usd)
    return low if bounds.high_usd is None else min(low, bounds.high_usd)
