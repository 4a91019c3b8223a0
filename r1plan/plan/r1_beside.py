"""What R1 itself would need where one of its distills is chosen."""

from __future__ import annotations

from collections.abc import Iterable

from r1plan.catalog.model import Model
from r1plan.hardware.machine import Machine
from r1plan.models.downloads import smallest_published
from r1plan.plan.plan import OptionT_co, Plan, R1Beside
from r1plan.plan.reasons import RanksBelow, TooSlow


def r1_beside(plan: Plan[OptionT_co], models: Iterable[Model]) -> R1Beside | None:
    """R1's smallest file that is to be had, of `models`; None where the choice is no distill, or nobody has R1.

    It is one of the whole model's, whatever was asked for, with its speed where it was planned.
    """
    choice = plan.choice
    known = {model.id: model for model in models}
    full = {id_: model for id_, model in known.items() if model.kind == "full" and model.recommended}
    smallest = smallest_published(full.values())
    # Of a file that the catalogue doesn't know nobody can say whose distill it is.
    if choice is None or smallest is None or choice.model.kind != "distill" or choice.model.id not in known:
        return None
    model, quant = smallest
    id_ = f"{model.id}:{quant.name}"
    speeds = [option.tok_s for option in plan.alternatives if option.id == id_]
    rejected = (each.cause for each in plan.rejected if each.id == id_)
    speeds += [cause.tok_s for cause in rejected if isinstance(cause, TooSlow | RanksBelow) and cause.tok_s]
    return R1Beside(
        id=id_,
        weights_bytes=quant.tensor_bytes,
        memory_bytes=_free_bytes(plan.machine),
        tok_s=next(iter(speeds), None),
    )


def _free_bytes(machine: Machine) -> int:
    """What all cards and main memory have free together; unified memory is both, and counts once."""
    host = min(machine.memory.available_bytes, machine.memory.usable_bytes)
    return host + sum(gpu.free_bytes for gpu in machine.gpus if not gpu.unified)
