"""Who is asked by a route, in a line; and that a request waits for a cheaper hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from r1plan.money import small_usd
from r1plan.render.decision.terminal import deferral_text, no_cheaper_hour
from r1plan.render.decision.words import rank_text, risk_text
from r1plan.route.decision.defer import Deferral
from r1plan.route.decision.ranked import RankedCandidate
from r1plan.route.execution.target import AttemptTarget


def chosen_line(chosen: RankedCandidate, route: str, targets: Sequence[AttemptTarget], *, by_default: bool) -> str:
    """Such as "deepseek/deepseek-flash is asked by route cheapest: expected to cost least; about $0.0018 (p90 …)."."""
    who = f"route {route}, as no model was named" if by_default else f"route {route}"
    cost = f"about {small_usd(chosen.expected_usd)} (p90 {small_usd(chosen.cost.p90_usd)})"
    if chosen.candidate.is_local:
        cost += " of electricity"
    line = f"{chosen.id} is asked by {who}: {rank_text(chosen.cause)}; {cost}."
    first, *others = targets
    if first.cascade is None or not others:
        return line
    after_s, most = first.cascade.after_s, first.cascade.thinking_tokens
    limits = [f"{after_s:,.0f} s without an answer"] if after_s is not None else []
    limits += [f"{most:,} tokens of thinking"] if most is not None else []
    return f"{line} After {' or '.join(limits)} it hands over to {others[0].name}."


def waiting_line(deferral: Deferral, now: datetime) -> str:
    """What is said of a request that may wait before it is sent, or is sent at once."""
    if not deferral.is_worth_it:
        return f"Sent now: {no_cheaper_hour(deferral)}."
    minutes = max(1, round((deferral.send_at - now).total_seconds() / 60))
    hours, rest = divmod(minutes, 60)
    left = " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest else [])])
    risks = "".join(f" Risk: {risk_text(each)}." for each in deferral.risks[:1])
    return f"{deferral_text(deferral)}{risks} Waiting {left}; Ctrl-C stops, and nothing is sent then."
