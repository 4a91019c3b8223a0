"""The choice among what an engine could serve on a machine: each model, type of weights and way to share the GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from r1plan.catalog.model import Model
from r1plan.errors import NotFound
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.choice.standing import why_chosen
from r1plan.plan.model_set import ModelSet, check_context
from r1plan.plan.plan import Plan, Rejection, fastest_of_the_slow, nearest_first
from r1plan.plan.reasons import (
    AsAsked,
    Cause,
    ContextTooLong,
    NeedsShare,
    NotSplit,
    ShareNotFree,
    Standing,
    TooFewUsers,
    kind_of,
)
from r1plan.plan.serving.cards import equal_gpus, hosts_of
from r1plan.plan.serving.checkpoints import DTYPES, Dtype, caution, published_in
from r1plan.plan.serving.engine import ServingEngine
from r1plan.plan.serving.layouts import layouts
from r1plan.plan.serving.option import ServingOption, ServingPins
from r1plan.plan.serving.rank import (
    as_fast_as_asked,
    behind,
    best_of_each,
    beyond,
    different,
    larger_than,
    option_merit,
    other_layouts,
    ranked,
)
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.workload import Workload

_MOST_ALTERNATIVES = 5
# Other names of types, as PyTorch and checkpoints' files have them.
_CALLED_TOO: dict[str, Dtype] = {
    "bfloat16": "BF16",
    "half": "FP16",
    "float16": "FP16",
    "f16": "FP16",
    "w8a8-fp8": "FP8",
    "fp8-dynamic": "FP8",
    "awq-int4": "AWQ",
    "gptq-int4": "GPTQ",
    "w4a16": "GPTQ",
    "int4": "GPTQ",
    "fp4": "NVFP4",
}


def choose_served(
    engine: ServingEngine, machine: Machine, models: ModelSet, workload: Workload, pins: ServingPins
) -> Plan[ServingOption]:
    """The best that `engine` could serve on `machine`, what else is worth a look, and what was rejected and why.

    With model and type pinned the choice is exactly that option, fitting or not, but None where the engine refuses it.
    Raises NotFound for an unknown model or type, UsageError for pins that cannot be meant, and NoCards.
    """
    cards, notes = equal_gpus(machine, engine.name)
    hosts, placed = hosts_of(cards, machine, pins.cards_a_machine)
    asked = models.asked(pins.model)
    check_context(pins.context, asked, one=pins.model is not None)
    options: list[ServingOption] = []
    rejected: list[Rejection] = []
    for model in asked:
        for dtype in _types(engine, model, cards[0], pins):
            possible = layouts(engine, cards, hosts, model, dtype, models, workload, pins)
            fitting = [option for option in possible if option.fits]
            options += fitting or (possible[:1] if pins.one_option else [])
            if not fitting:
                rejected.append(Rejection(f"{model.id}:{dtype}", _cause(engine, model, dtype, cards, possible, pins)))
    if not pins.one_option:
        options, slower = as_fast_as_asked(options, workload)
        rejected += slower.values()
    choice: ServingOption | None = None
    larger: ServingOption | None = None
    alternatives: tuple[ServingOption, ...] = ()
    best = ranked(best_of_each(options, workload), workload)
    if best:
        choice = best[0]
        too_long = [] if pins.one_option else beyond(best[1:], choice, workload)
        left_out = {each.id for each in too_long}
        offered = [option for option in best[1:] if option.id not in left_out]
        larger = None if pins.one_option else larger_than(choice, best[1:], workload)
        why: Standing = why_chosen(choice, option_merit(choice, workload), workload, larger)
        if pins.one_option:
            why = rejected[0].cause if rejected else AsAsked(caution(choice.model, choice.dtype))
        choice = replace(choice, why=why)
        alternatives = (*other_layouts(choice, options), *different(choice, offered, workload))[:_MOST_ALTERNATIVES]
        named = {option.id for option in (choice, *alternatives)}
        rejected += too_long
        rejected += [behind(option, choice, workload) for option in offered if option.id not in named]
    return Plan(
        engine=engine.name,
        machine=machine,
        workload=workload,
        choice=choice,
        alternatives=alternatives,
        rejected=nearest_first(rejected),
        larger=larger,
        nearest_miss=_nearest_miss(nearest_first(rejected)),
        notes=(*notes, *placed),
    )


def _types(engine: ServingEngine, model: Model, gpu: GpuDevice, pins: ServingPins) -> list[Dtype]:
    """The types of weights that `model` is served in; the pinned one alone, if it is among them. Raises NotFound."""
    known = published_in(model)
    if pins.dtype is None:
        return list(engine.types_to_try(known, gpu))
    asked = _CALLED_TOO.get(pins.dtype.casefold(), pins.dtype)
    found = [each for each in known if each.casefold() == asked.casefold()]
    if not found and (pins.model is not None or asked.upper() not in DTYPES):
        serves = f"{model.id} in {', '.join(known)}" if pins.model else ", ".join(DTYPES)
        raise NotFound.among("quant", pins.dtype, known, f"{engine.title} serves {serves}")
    return found


def _cause(
    engine: ServingEngine,
    model: Model,
    dtype: Dtype,
    cards: tuple[GpuDevice, ...],
    possible: Sequence[ServingOption],
    pins: ServingPins,
) -> Cause:
    """Why no layout of `possible` fits, or there is none."""
    refused = engine.refusal(model, dtype, pins.settings.kv_type, cards[0])
    if refused is not None:
        return refused
    if (pins.context or 0) > model.context_max:
        return ContextTooLong(model.context_max)
    if not possible:
        return NotSplit(engine.incompatibility(model, dtype, Parallel(), cards[0]) or "is not split")
    plain = [option for option in possible if option.parallel.plain] or possible
    nearest = max(plain, key=lambda option: option.memory.allowed_bytes - option.memory.fixed_bytes)
    memory, gpus, context, users = nearest.memory, nearest.parallel.gpus, nearest.context, nearest.users_wanted
    if not memory.starts:
        return ShareNotFree(
            flag=engine.share_flag,
            gpus=gpus,
            utilization=memory.utilization,
            allowed_bytes=memory.allowed_bytes,
            free_bytes=memory.free_bytes,
        )
    short = NeedsShare(
        server=engine.title,
        gpus=gpus,
        users=users,
        context=context,
        needed_bytes=memory.needed_bytes(context, users),
        allowed_bytes=memory.allowed_bytes,
    )
    if memory.context_of(1) >= min(context, model.context_max) and users > 1:
        most = max(option.users for option in possible)
        return TooFewUsers(users=most, users_wanted=users, context=context, shortfall_bytes=short.shortfall_bytes)
    return short


def _nearest_miss(rejected: Sequence[Rejection]) -> Rejection | None:
    """The fastest of the too slow, else what lacks the least memory, else the first that is refused."""
    short = next((each for each in rejected if kind_of(each.cause) == "memory"), None)
    refused = next((each for each in rejected if kind_of(each.cause) == "refused"), None)
    return fastest_of_the_slow(rejected) or short or refused
