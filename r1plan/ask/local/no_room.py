"""What to say of a model that is here and has no room in this machine's memory: what lacks, and what would fit."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from r1plan.errors import NothingFits, R1PlanError
from r1plan.models.downloads import download_of
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.reasons import NeedsMemory, Shortfall
from r1plan.plan.workload import Workload
from r1plan.units import GIB

if TYPE_CHECKING:
    from r1plan.ask.local.plan import PlanKnowledge
    from r1plan.hardware.machine import Machine
    from r1plan.plan.llamacpp.option import Option

_WHERE = {"host": "RAM", "unified": "the one memory", "disk": "disk"}


def no_room(
    option: Option, path: Path, here: tuple[str, ...], machine: Machine, known: PlanKnowledge
) -> NothingFits | None:
    """The error for the file at `path`, planned as `option`; None where only what is left alone lacks: it may load.

    `here` are other quants of it that are on this machine.
    """
    if not isinstance(option.why, NeedsMemory) or any(each.margin_decides for each in option.why.shortfalls):
        return None
    lacks = "; or ".join(map(_lack, option.why.shortfalls))
    anyway = f"--model {quote(str(path))} tries it all the same"
    return NothingFits(
        f"{option.id} does not fit into this machine: it needs {lacks}.",
        f"{what_fits(option, here, machine, known)}; {anyway}",
    )


def _lack(each: Shortfall) -> str:
    where = _WHERE.get(each.kind) or ("the graphics card" if each.cards < 2 else f"{each.cards} graphics cards")
    return f"{each.needed_bytes / GIB:,.1f} GiB of {where}, and {each.room_bytes / GIB:,.1f} may be used"


def what_fits(option: Option, here: tuple[str, ...], machine: Machine, known: PlanKnowledge) -> str:
    """The quant of the model that would be recommended, and how it is had; else where to look."""
    from r1plan.catalog.load import load_models

    model = load_models().get(option.model.id)
    try:
        models = {} if model is None else {model.id: model}
        pins = Pins(model=option.model.id)
        best = choose(machine, ModelSet(models, known.tables), Workload(), pins, known.learned).choice
    except R1PlanError:
        best = None
    if best is None or not best.fits or best.id == option.id:
        return "no quant of it does: r1plan recommend says what would"
    if best.id in here:
        return f"{best.id} fits, and is here: --model {best.id}"
    if model is None or download_of(model, best.quant) is None:
        return f"{best.id} fits"
    return f"{best.id} fits: r1plan models pull {best.id}"
