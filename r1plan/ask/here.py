"""What the plan says of a model file beside a route: what it is, how fast it will answer, what it draws meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from r1plan.errors import R1PlanError
from r1plan.route.decision.candidate import Candidate, Power, local_candidate

if TYPE_CHECKING:
    from r1plan.ask.question import AskOptions
    from r1plan.catalog.model import Model
    from r1plan.catalog.provider import Family
    from r1plan.engine.target import LocalTarget
    from r1plan.plan.llamacpp.option import Option


def candidate_here(target: LocalTarget, options: AskOptions, models: Mapping[str, Model]) -> Candidate:
    """`target` as a candidate. Where it cannot be planned, what is assumed of a model here counts, until the log tells.

    The demonstration model is not planned: it answers sooner than that takes.
    """
    tariff = options.power_usd_per_kwh
    try:
        option = None if target.demonstration else _planned(target, options)
    except R1PlanError:
        option = None
    if option is None:
        serves = _served(target.model, models)
        return local_candidate(
            target.model,
            serves,
            options.context_tokens,
            Power(usd_per_kwh=tariff),
            family=_family(serves, models),
            is_demonstration=target.demonstration,
        )
    serves, speed = option.model.id, option.speed
    power = Power(
        watts=option.cost.watts,
        usd_per_kwh=tariff,
        decode_tok_s=option.tok_s,
        prefill_tok_s=None if speed.prefill_tok_s is None else speed.prefill_tok_s.mid,
    )
    return local_candidate(target.model, serves, option.context, power, option.quality, family=_family(serves, models))


def _planned(target: LocalTarget, options: AskOptions) -> Option | None:
    """The layout in which the file runs best on this machine. Raises R1PlanError for a file that cannot be read."""
    from r1plan.catalog.load import load_hardware
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.hardware.detect import detect
    from r1plan.models.reference import named_model
    from r1plan.plan.energy import with_sheet_power
    from r1plan.plan.llamacpp.choose import choose
    from r1plan.plan.llamacpp.pins import checked_pins
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.pins import Pins
    from r1plan.plan.workload import Workload, checked_workload
    from r1plan.settings import directories

    named = named_model(str(target.path), None)
    machine = with_sheet_power(detect(load_hardware, directories().data), load_hardware().gpus)
    context = min(options.context_tokens, *(each.context_max for each in named.models.values()))
    pins = checked_pins(Pins(model=named.model, quant=named.quant, context=context, kv_type="f16"))
    workload = checked_workload(Workload())
    models = ModelSet(named.models, load_quant_tables(), named.from_file)
    return choose(machine, models, workload, pins).choice


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
