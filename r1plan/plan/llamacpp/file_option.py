"""What a model file or a quant needs on a machine, and which of several is the best to run."""

from __future__ import annotations

from collections.abc import Sequence

from r1plan.catalog.quality import QuantTable
from r1plan.errors import R1PlanError
from r1plan.hardware.machine import Machine
from r1plan.models.gguf.model import ModelFile
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.pins import checked_pins
from r1plan.plan.llamacpp.rank import ranked
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload


def file_option(
    machine: Machine, file: ModelFile, tables: tuple[QuantTable, ...], learned: LearnedRates = NOTHING_LEARNED
) -> Option | None:
    """The file laid out on `machine` at the context that the planner chooses; None where it cannot plan for it.

    `learned` is what was measured of the machine.
    """
    models = ModelSet({file.model.id: file.model}, tables, file.weights)
    return quant_option(machine, models, file.model.id, file.quant.name, learned)


def quant_option(
    machine: Machine, models: ModelSet, model: str, quant: str, learned: LearnedRates = NOTHING_LEARNED
) -> Option | None:
    """The same of a quant of one of `models`; None, too, for one that llama.cpp does not run."""
    try:
        return choose(machine, models, Workload(), checked_pins(Pins(model=model, quant=quant)), learned).choice
    except R1PlanError:
        return None


def best_option(options: Sequence[Option]) -> Option | None:
    """The one that `recommend` would take: of those that fit, else the one that needs the least. None of none."""
    fitting = [each for each in options if each.fits]
    in_memory = [each for each in fitting if each.in_memory]
    best = ranked(in_memory or fitting, Workload())
    return best[0] if best else min(options, key=lambda each: each.needed_bytes, default=None)
