"""What the plan says of a model file beside a route: what it is, how fast it will answer, what it draws meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from r1plan.route.decision.candidate import Candidate, Power, local_candidate

if TYPE_CHECKING:
    from r1plan.ask.local.run import LocalRun
    from r1plan.ask.question import AskOptions
    from r1plan.catalog.model import Model
    from r1plan.catalog.provider import Family

_DEMONSTRATION_TOKENS = 8192  # engine.local.settings has it, with all of the engine around it


def candidate_here(run: LocalRun, options: AskOptions, models: Mapping[str, Model]) -> Candidate:
    """The file of `run` as a candidate.

    Where it has no plan, what is assumed of a model here counts, until the log tells.
    """
    target, tariff = run.target, options.power_usd_per_kwh
    plan = run.plan
    option = None if plan is None else plan.option
    if option is None or plan is None:
        serves = _served(target.model, models)
        return local_candidate(
            target.model,
            serves,
            (options.pins.context or _DEMONSTRATION_TOKENS) if plan is None else plan.most_context_tokens,
            Power(usd_per_kwh=tariff),
            family=_family(serves, models),
            is_demonstration=target.demonstration,
        )
    serves, speed = option.model.id, option.speed
    power = Power(
        watts=option.draw.busy_w if option.draw else None,
        usd_per_kwh=tariff,
        decode_tok_s=option.tok_s,
        prefill_tok_s=None if speed.prefill_tok_s is None else speed.prefill_tok_s.mid,
    )
    return local_candidate(
        target.model, serves, plan.most_context_tokens, power, option.quality, family=_family(serves, models)
    )


def _served(stem: str, models: Mapping[str, Model]) -> str:
    """The model of the catalogue that a file's name holds, else the name itself."""
    folded = stem.casefold()
    # "DeepSeek-R1-Distill-Phi-4" holds "DeepSeek-R1" too, and is not it.
    found = [id_ for id_, each in models.items() if id_.casefold() in folded and not _is_distill(folded, each)]
    return max(found, key=len, default=stem)


def _is_distill(stem: str, model: Model) -> bool:
    return model.kind == "full" and "distill" in stem


def _family(serves: str, models: Mapping[str, Model]) -> Family:
    """What the catalogue says of the model called `serves`: what it does not have is of no family that it knows."""
    known = models.get(serves)
    if known is None:
        return "other"
    return "r1" if known.kind == "full" else "distill"
