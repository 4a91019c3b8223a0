"""Sentences on who is asked a question and why nobody may be, from the facts of it."""

from __future__ import annotations

from r1plan.ask.candidates import either, no_key_error
from r1plan.ask.decide import Decided
from r1plan.ask.plan import AttemptPlan, is_held
from r1plan.catalog.load import file_of_route
from r1plan.errors import OverBudget, ProviderError, R1PlanError, UsageError
from r1plan.money import small_usd
from r1plan.render.decision.chosen import chosen_line
from r1plan.render.decision.words import exclusion_text, rank_text, reason_text
from r1plan.route.decision.cause import Held, OverCost, StaysHere
from r1plan.route.spending.budget import TooDear

_WANTED_BY = {
    "name": "named on the command line",
    "best_here": "--local without --model: the best model on this machine",
    "local": "--local without --model: the built-in model",
    "nothing": "nothing was named: the built-in model",
    "default_route": "nothing was named: the route by default",
}


def plan_lines(plan: AttemptPlan) -> list[str]:
    """Who is asked by a route, and that a model here or the first choice is not; nothing where it was named."""
    found = plan.decided
    chosen = None if found is None else found.decision.chosen
    if found is None or chosen is None:
        return []
    here = (each for each in found.decision.refused if each.candidate.is_local)
    lines = [f"{each.id} is not asked: {exclusion_text(each.cause)}." for each in here]
    if found.too_dear:
        lines.append(f"Not asked: {_too_dear(found).message}")
    by_default = plan.wanted_by == "default_route"
    return [*lines, chosen_line(chosen, plan.policy, plan.targets, by_default=by_default)]


def plan_reasons(plan: AttemptPlan) -> tuple[str, ...]:
    """Why it is so, for programs."""
    wanted = _WANTED_BY.get(plan.wanted_by)
    reasons = [] if wanted is None else [wanted]
    if plan.decided is not None:
        decision = plan.decided.decision
        if decision.chosen:
            reasons.append(f"{decision.chosen.id}: {rank_text(decision.chosen.cause)}")
        reasons += map(reason_text, decision.reasons)
    return tuple(reasons)


def no_candidate_error(found: Decided) -> R1PlanError:
    """Why nobody may be asked where the decision ranks none, and what would help."""
    if found.too_dear:
        return _too_dear(found)
    candidates, decision = found.candidates, found.decision
    if not candidates.candidates:
        return no_key_error(candidates)
    if is_held(decision):
        return _held_error(found)
    limit = decision.policy.route.limits.max_p90_usd
    dear = [
        (each.cost.p90_usd, each.id) for each in decision.refused if limit and each.cost and each.cost.p90_usd > limit
    ]
    if limit is not None and dear:
        usd, id_ = min(dear)
        return OverBudget(
            f"{id_} may cost {small_usd(usd)} (p90), more than the {small_usd(limit)} that this may cost, "
            "and nobody else may be asked for less.",
            "allow more, lower --max-tokens, or ask here: --local",
        )
    first = decision.refused[0]
    more = len(decision.refused) - 1
    others = f" (and {more} more)" if more else ""
    helps = f"set {either(candidates.missing)}; " if candidates.missing else ""
    if decision.policy.route.place == "machine":
        helps = "name a model here: --model FILE.gguf; "
    return ProviderError(
        f"route {candidates.route.id} has nobody to ask: {first.id}: {exclusion_text(first.cause)}{others}.",
        f"{helps}--explain says it of each",
        fault="refused",
    )


def _held_error(found: Decided) -> R1PlanError:
    """What says which rule holds the question back from those who could be asked."""
    refused = found.decision.refused
    id_, held = next((each.id, each.cause) for each in refused if isinstance(each.cause, Held))
    more = f" (and {len(refused) - 1} more may not)" if len(refused) > 1 else ""
    text = f"{id_} may not be asked: {exclusion_text(held)}{more}."
    if held.kept:
        return UsageError(
            text, "ask here: --local; or let the conversation leave, in words: --unbind, or /route unbind in it."
        )
    file = file_of_route(held.binding.route)
    where = f"the rule is in {file}" if file is not None else "--explain says more"
    if isinstance(held.cause, OverCost):
        return OverBudget(text, where)
    return UsageError(text, f"{where}; ask here: --local" if isinstance(held.cause, StaysHere) else where)


def _too_dear(found: Decided) -> TooDear:
    """What says that the first choice is more than a monthly budget leaves."""
    first, allowance = found.too_dear[0]
    return TooDear(first.id, allowance, first.cost.p90_usd)
