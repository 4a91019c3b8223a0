"""What R1's open successors would give on the machine that a plan is for, beside the R1 that was chosen."""

from __future__ import annotations

from dataclasses import replace

from r1plan.catalog.model import Model, Quant
from r1plan.catalog.quality import QuantTable
from r1plan.errors import R1PlanError
from r1plan.hardware.machine import Machine
from r1plan.models.downloads import download_of
from r1plan.models.unplanned import unplanned
from r1plan.plan.answer import answer_seconds
from r1plan.plan.choice.merit import is_within
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.planner import OptionT, Planner
from r1plan.plan.quality import BENCHMARK, quant_quality
from r1plan.plan.r1_beside import free_bytes

_MOST = 4
_ON_CARDS = 0.95  # of the cards' memory, what weights may take so that a context finds room beside them; assumed


def successors_beside(
    planner: Planner[OptionT], plan: Plan[OptionT], models: ModelSet, pins: Pins, *, quick: bool
) -> tuple[OptionT, ...]:
    """The best option of each successor that fits in memory and is to be had, the best of them first.

    None where a model was named, or where a successor is the choice or they alone were chosen among; nor one of which
    no quality was published, so that nobody can say what it changes. `quick`: see `Planner.choice`.
    """
    workload = plan.workload
    if models.family == "successors" or pins.model is not None or plan.choice is None:
        return ()
    if plan.choice.model.kind == "successor":
        return ()
    serves = plan.engine != "llama.cpp"
    found = []
    for model in models.models.values():
        if not _may_stand(model):
            continue
        possible = model if serves else _in_room(model, plan.machine, models.quant_tables)
        if not serves and not possible.quants:
            continue
        alone = replace(models, models={model.id: possible}, family="successors")
        try:
            choice = planner.choice(plan.machine, alone, workload, pins, quick=quick)
        except R1PlanError:  # it has no such quant, is not planned for on this engine, or reads fewer tokens
            continue
        if choice is not None and choice.fits:
            found.append(choice)
    found.sort(key=lambda each: answer_seconds(each, workload))
    found.sort(key=lambda each: (is_within(each, workload), each.quality.index), reverse=True)
    return tuple(found[:_MOST])


def with_successors(plan: Plan[OptionT], beside: tuple[OptionT, ...]) -> Plan[OptionT]:
    """`plan` with its successors `beside`, each spoken of once: of all families it may stand there already."""
    ids = {each.id for each in beside}
    return replace(
        plan,
        successors=beside,
        alternatives=tuple(each for each in plan.alternatives if each.id not in ids),
        rejected=tuple(each for each in plan.rejected if each.id not in ids),
    )


def _may_stand(model: Model) -> bool:
    if model.kind != "successor" or not model.recommended or unplanned(model.architecture) is not None:
        return False
    return any(each.benchmark == BENCHMARK for each in model.scores)


def _in_room(model: Model, machine: Machine, tables: tuple[QuantTable, ...]) -> Model:
    """`model` with those of its quants that may be the choice: somebody offers them, and their weights find room.

    Of these the finest in all memory and on the cards alone, the smallest that counts as the model, that is usable, and
    of all: what lies between is neither finer nor faster where it matters, and each would be laid out.
    """
    room, cards = free_bytes(machine), sum(gpu.free_bytes for gpu in machine.gpus)
    held = sorted(
        (each for each in model.quants if each.tensor_bytes <= room and _is_to_be_had(model, each)),
        key=lambda each: each.tensor_bytes,
    )
    losses = {each.name: quant_quality(model, each, tables) for each in held}
    ends = (
        held[:1],
        [each for each in held if losses[each.name].usable][:1],
        [each for each in held if losses[each.name].counts_as_model][:1],
        [each for each in held if each.tensor_bytes <= _ON_CARDS * cards][-1:],
        held[-1:],
    )
    wanted = {each.name for end in ends for each in end}
    return replace(model, quants=tuple(each for each in held if each.name in wanted))


def _is_to_be_had(model: Model, quant: Quant) -> bool:
    return quant.engine == "llama.cpp" and download_of(model, quant) is not None
