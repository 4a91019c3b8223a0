"""Who is asked one question, in which order, and what is set aside for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from r1plan.ask.decide import Decided, decided
from r1plan.route.decision.cause import Held
from r1plan.route.execution.target import AttemptTarget, CascadeLimits

if TYPE_CHECKING:
    from r1plan.ask.question import AskOptions, AskRequest
    from r1plan.ask.resolve import Resolution, WantedBy
    from r1plan.catalog.policy import Binding, Route
    from r1plan.ledger.entry import UsageEntry
    from r1plan.route.decision.decide import Decision
    from r1plan.route.decision.ranked import RankedCandidate
    from r1plan.route.forecast.cost import CostForecast
    from r1plan.route.forecast.forecast import Forecast, PromptFacts

# A prompt whose tokens are guessed may have so many times more: guessed by the log's own ratio, and without.
_INPUT_MARGIN_KNOWN, _INPUT_MARGIN = 1.1, 1.5


@dataclass(frozen=True, slots=True)
class AttemptPlan:
    """Who is asked `question` in which order, by which `policy` and why.

    `decided` is the decision behind it, None where there was nothing to decide. There is no target when nobody may be
    asked, which `decided` explains. `binding` is what keeps the question on this machine, None where it may leave.
    """

    question: AskRequest
    targets: tuple[AttemptTarget, ...]
    policy: str
    wanted_by: WantedBy
    decided: Decided | None = None
    binding: Binding | None = None


def attempt_plan(resolution: Resolution, question: AskRequest, facts: PromptFacts, options: AskOptions) -> AttemptPlan:
    """Who is asked. A model here that was named is asked without a decision.

    The question's own limit rules candidates of a route out; what was named keeps it when it is sent. What was named is
    asked but where a rule holds the question back from it. Raises what `decided` does.
    """
    if resolution.named is not None:
        return _named_plan(resolution, resolution.named, question, facts, options)
    found = decided(resolution, facts, options, question.max_cost_usd)
    ranked = found.decision.ranked
    targets = []
    for number, each in enumerate(ranked, start=1):
        target = _forecast(found.candidates.targets[each.id], facts, each.forecast, each.cost)
        targets.append(_cascading(target, each, ranked[number:], found.candidates.route))
    policy = found.decision.policy
    return AttemptPlan(question, tuple(targets), policy.name, resolution.wanted_by, found, policy.binding)


def _named_plan(
    resolution: Resolution, named: AttemptTarget, question: AskRequest, facts: PromptFacts, options: AskOptions
) -> AttemptPlan:
    """Who is asked where one was named: that one, or nobody."""
    from r1plan.catalog.load import has_own_routes

    plan = AttemptPlan(question, (), resolution.policy, resolution.wanted_by)
    if named.is_local:
        if facts.binding is not None or has_own_routes():
            from r1plan.ask.candidates import policy_here

            policy, may_be_asked = policy_here(facts)
            if not may_be_asked:
                return replace(plan, decided=decided(resolution, facts, options, None))
            plan = replace(plan, binding=policy.binding)
        return replace(plan, targets=(_forecast(named, facts, None, None),))
    found = decided(resolution, facts, options, None)
    if is_held(found.decision):
        return replace(plan, decided=found)
    # What was named is asked even where a decision would rule it out: its server knows best.
    target = _forecast(named, facts, *_expected(found.decision))
    return replace(plan, targets=(target,), binding=found.decision.policy.binding)


def is_held(decision: Decision) -> bool:
    """Whether nobody may be asked because of what a rule holds the question to, whatever names who is asked."""
    return not decision.ranked and any(isinstance(each.cause, Held) for each in decision.refused)


def _expected(decision: Decision) -> tuple[Forecast | None, CostForecast | None]:
    """What the only candidate is forecast to be, even where it is ruled out; None where no price of it is known."""
    only = decision.ranked[0] if decision.ranked else decision.refused[0]
    return only.forecast, only.cost


def _forecast(
    target: AttemptTarget, facts: PromptFacts, forecast: Forecast | None, cost: CostForecast | None
) -> AttemptTarget:
    """`target` with what is to be set aside, and to be written into its rows."""

    def mark(entry: UsageEntry) -> UsageEntry:
        from r1plan.route.forecast.stamp import stamped

        return stamped(entry, facts, cost)

    is_local = target.is_local
    # Electricity is counted where its price was given: an assumed one is not the user's money.
    counts = cost is not None and not (is_local and target.power_usd_per_kwh is None)
    return replace(
        target,
        reserve_usd=cost.p90_usd if cost is not None and counts else None,
        input_tokens_most=None if forecast is None or is_local else _input_most(forecast),
        usual_thinking_tokens=None if forecast is None else _usual_thinking(forecast),
        mark=mark,
    )


def _usual_thinking(each: Forecast) -> int | None:
    """What nine of ten such questions took to think, where one's own log tells it."""
    own = each.lengths.basis in ("own", "borrowed")
    return ceil(most) if own and (most := each.lengths.quantile(0.9, "thinking")) is not None else None


def _input_most(each: Forecast) -> int:
    return ceil(each.input_tokens * (_INPUT_MARGIN_KNOWN if each.input_ratio != 1.0 else _INPUT_MARGIN))


def _cascading(
    target: AttemptTarget, ranked: RankedCandidate, followers: Sequence[RankedCandidate], route: Route
) -> AttemptTarget:
    """`target`, which cascades where it is a model here with somebody elsewhere after it."""
    if not ranked.candidate.is_local or all(each.candidate.is_local for each in followers):
        return target
    each = ranked.forecast
    thinking = each.lengths.quantile(0.9, "thinking")
    begins_s = None if thinking is None else each.speed.first_token_p90_s + thinking / each.speed.decode_p10_tok_s
    after_s = route.hand_over_after_s or (None if begins_s is None else float(ceil(begins_s)))
    most = route.hand_over_thinking_tokens or (None if thinking is None else ceil(thinking))
    if after_s is None and most is None:
        return target
    return replace(target, cascade=CascadeLimits(after_s=after_s, thinking_tokens=most))
