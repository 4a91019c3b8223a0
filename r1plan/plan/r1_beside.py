"""What R1 itself would need where one of its distills is chosen."""

from __future__ import annotations

from collections.abc import Iterable

from r1plan.catalog.model import Model
from r1plan.hardware.machine import Machine
from r1plan.models.downloads import smallest_published
from r1plan.plan.plan import OptionT_co, Plan, R1Beside
from r1plan.plan.reasons import RanksBelow, Slow


def r1_beside(plan: Plan[OptionT_co], models: Iterable[Model]) -> R1Beside | None:
    """R1's smallest file that is to be had, of `models`; None where the choice is no distill, or nobody has R1.

    It is one of the whole model's, whatever was asked for, with its speed where it was planned. A server has the
    smallest checkpoint, and the cards' memory alone.
    """
    choice = plan.choice
    known = {model.id: model for model in models}
    full = {id_: model for id_, model in known.items() if model.kind == "full" and model.recommended}
    serves = plan.engine != "llama.cpp"
    smallest = _smallest_served(full.values()) if serves else _smallest_file(full.values())
    # Of a file that the catalogue doesn't know nobody can say whose distill it is.
    if choice is None or smallest is None or choice.model.kind != "distill" or choice.model.id not in known:
        return None
    id_, weights = smallest
    speeds = [option.tok_s for option in plan.alternatives if option.id == id_]
    rejected = (each.cause for each in plan.rejected if each.id == id_)
    speeds += [cause.tok_s for cause in rejected if isinstance(cause, Slow | RanksBelow) and cause.tok_s]
    return R1Beside(
        id=id_,
        weights_bytes=weights,
        memory_bytes=free_bytes(plan.machine, cards_alone=serves),
        tok_s=next(iter(speeds), None),
    )


def _smallest_file(models: Iterable[Model]) -> tuple[str, int] | None:
    found = smallest_published(models)
    return None if found is None else (f"{found[0].id}:{found[1].name}", found[1].tensor_bytes)


def _smallest_served(models: Iterable[Model]) -> tuple[str, int] | None:
    """Of the checkpoints that are recommended the one with the fewest bytes, on one card."""
    from r1plan.plan.serving.checkpoints import caution, published_in
    from r1plan.plan.serving.sharding import Parallel
    from r1plan.plan.vllm.weights import weights_bytes

    found = [
        (f"{model.id}:{dtype}", weights_bytes(model, dtype, Parallel()))
        for model in models
        for dtype in published_in(model)
        if caution(model, dtype) is None
    ]
    return min(found, key=lambda each: each[1], default=None)


def free_bytes(machine: Machine, *, cards_alone: bool = False) -> int:
    """What all cards and main memory have free together; unified memory is both, and counts once."""
    if cards_alone:
        return sum(gpu.free_bytes for gpu in machine.gpus)
    host = min(machine.memory.available_bytes, machine.memory.usable_bytes)
    return host + sum(gpu.free_bytes for gpu in machine.gpus if not gpu.unified)
