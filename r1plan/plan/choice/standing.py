"""Why the chosen option is the choice, and why a better one is not: the rule of merit.py with its figures."""

from __future__ import annotations

from collections.abc import Iterable

from r1plan.plan.answer import answer_seconds
from r1plan.plan.choice.chosen import BetterBeyond, BeyondPatience, Chosen
from r1plan.plan.choice.merit import Merit, most_wh, watt_hours
from r1plan.plan.choice.patience import patience_min
from r1plan.plan.choice.wishes import least_tok_s
from r1plan.plan.plan import PlannedOption
from r1plan.plan.quality import published_score
from r1plan.plan.workload import Workload


def why_chosen(choice: PlannedOption, merit: Merit, workload: Workload, better: PlannedOption | None) -> Chosen:
    """Why `choice`, of that `merit`, is the first; `better` is the best of what fits and is beyond the patience."""
    most = most_wh(choice, workload)
    return Chosen(
        objective=workload.objective,
        score=published_score(choice.quality.scores),
        per_cent_lost=choice.quality.quant.per_cent_lost,
        as_model=merit.as_model,
        seconds=answer_seconds(choice, workload),
        patience_min=patience_min(workload),
        within=merit.within,
        wh=None if most is None else watt_hours(choice, workload),
        most_wh=most,
        least_tok_s=least_tok_s(workload),
        most_ttft_s=workload.slo_ttft_s,
        usable=merit.usable,
        holds_most=merit.holds >= 1,
        quick=merit.quick,
        better=None if better is None else _better(better, workload),
    )


def beyond_patience(option: PlannedOption, workload: Workload) -> BeyondPatience:
    """That `option` takes longer than the patience, or more energy than it may."""
    most = most_wh(option, workload)
    return BeyondPatience(
        tok_s=option.tok_s,
        seconds=answer_seconds(option, workload),
        patience_min=patience_min(workload),
        wh=None if most is None else watt_hours(option, workload),
        most_wh=most,
        score=published_score(option.quality.scores),
        per_cent_lost=option.quality.quant.per_cent_lost,
    )


def better_beyond(
    choice: PlannedOption, merit: Merit, fitting: Iterable[tuple[PlannedOption, Merit]], workload: Workload
) -> list[PlannedOption]:
    """Those of `fitting` with a better published quality that only the patience keeps out, the soonest first.

    `fitting` come each with its merit, and `merit` is the choice's. A patience as long as the
    first takes would take it.
    """
    better = [
        option
        for option, each in fitting
        if not each.within and each[:4] >= merit[:4] and option.quality.index > choice.quality.index
    ]
    return sorted(better, key=lambda option: (answer_seconds(option, workload), -option.quality.index))


def _better(option: PlannedOption, workload: Workload) -> BetterBeyond:
    wh = None if most_wh(option, workload) is None else watt_hours(option, workload)
    return BetterBeyond(option.id, answer_seconds(option, workload), wh)
