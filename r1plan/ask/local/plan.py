"""How a model file is run on this machine: from the plan, or where there is none from bytes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from r1plan.ask.local.cards import EngineMachine
from r1plan.catalog.model import Model
from r1plan.catalog.quality import QuantTable
from r1plan.engine.local.room.step_down import LoadChange
from r1plan.engine.local.settings import DEFAULT_CONTEXT_TOKENS, LoadSettings
from r1plan.errors import R1PlanError, UsageError
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.pins import checked_pins
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from r1plan.units import GIB

# Who names a file wants it, however slow: nothing is left out for its speed.
_ANY_SPEED = Workload(min_tok_s=1e-3)
_USUAL_BATCH = 512  # llama.cpp reads a prompt in pieces of it, between which it can be stopped
_MOST_LAYERS = 512
# Of a file that cannot be planned: what a card keeps for cache, buffers and its driver.
_KEPT_SHARE, _KEPT_BYTES = 0.15, GIB
_MOST_UNPLANNED_CONTEXT = 4 * DEFAULT_CONTEXT_TOKENS


@dataclass(frozen=True, slots=True)
class PlanKnowledge:
    """What a plan takes beside the machine: what quants lose, and what was measured of the machine."""

    tables: tuple[QuantTable, ...] = ()
    learned: LearnedRates = NOTHING_LEARNED


NOTHING_KNOWN = PlanKnowledge()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """What the planner is told of a file: its model at its quant, with its own weights."""

    models: Mapping[str, Model]
    model: str
    quant: str
    weights: Weights | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnplannedFile:
    """What is known of a file that the planner does not understand; None: nothing."""

    bytes: int | None = None
    layers: int | None = None
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPlan:
    """How a file is loaded, and up to how many tokens its context may grow.

    `option` is the plan behind it, None where there is none; `machine` is this one as the engine sees it then. `unused`
    names its cards where the engine's build can use none of them. `changes` are what was given up for want of room,
    `crowded` the cards with who held their memory before.
    """

    settings: LoadSettings
    most_context_tokens: int
    option: Option | None = None
    machine: Machine | None = None
    unused: tuple[str, ...] = ()
    changes: tuple[LoadChange, ...] = ()
    crowded: tuple[GpuDevice, ...] = ()


def local_plan(
    planned: PlannedFile | None,
    unplanned: UnplannedFile,
    here: EngineMachine,
    pins: Pins,
    threads: int,
    known: PlanKnowledge = NOTHING_KNOWN,
) -> LocalPlan:
    """The plan of a file with what is pinned; where it has none, all layers on cards whose memory holds its bytes.

    `threads` are the engine's, `known` what a plan takes beside the machine. Raises UsageError for pins that cannot be
    meant for this file or this machine.
    """
    check_cards(pins, here)
    option = None
    if planned is not None and here.machine is not None:
        option = planned_option(planned, here.machine, pins, known)
    if option is None or here.machine is None:
        settings = _by_bytes(unplanned, here, pins, threads)
        most = min(unplanned.context_tokens or settings.context_tokens, _MOST_UNPLANNED_CONTEXT)
        growing = pins.context is None
        return LocalPlan(
            settings=settings,
            most_context_tokens=max(most, settings.context_tokens) if growing else settings.context_tokens,
            unused=here.unused,
            crowded=here.crowded,
        )
    settings = load_settings(option, here.machine, pins, threads)
    if not option.fits and here.cards and pins.gpu_layers is None and not pins.experts_on_cpu:
        # It is tried all the same: then with what the cards hold by its bytes, and not with all on them.
        layers = _layers_by_bytes(unplanned, here)
        settings = replace(settings, gpu_layers=layers, tensor_split=(), experts_on_host=0)
    most = settings.context_tokens if pins.context is not None else max(option.context_max, settings.context_tokens)
    return LocalPlan(
        settings=settings,
        most_context_tokens=most,
        option=option,
        machine=here.machine,
        unused=here.unused,
        crowded=here.crowded,
    )


def planned_option(planned: PlannedFile, machine: Machine, pins: Pins, known: PlanKnowledge) -> Option | None:
    """The file's layout on `machine`, fitting or not; None for one that cannot be planned. Raises UsageError."""
    models = ModelSet(planned.models, known.tables, planned.weights)
    pinned = checked_pins(replace(pins, model=planned.model, quant=planned.quant))
    try:
        return choose(machine, models, _ANY_SPEED, pinned, known.learned).choice
    except UsageError:
        raise
    except R1PlanError:
        return None


def load_settings(option: Option, machine: Machine, pins: Pins, threads: int) -> LoadSettings:
    """What llama.cpp is told so that it allocates what `option` says, with a context that begins short.

    A context that was not pinned begins with DEFAULT_CONTEXT_TOKENS, or what fits where that is less.
    """
    placement, engine = option.placement, option.settings
    context = pins.context or min(DEFAULT_CONTEXT_TOKENS, option.context_max or option.context)
    return LoadSettings(
        context_tokens=context,
        gpu_layers=placement.gpu_layers,
        tensor_split=_tensor_split(option, machine),
        experts_on_host=placement.n_cpu_moe,
        kv_type=engine.kv_type,
        flash_attn=engine.flash_attn,
        n_batch=max(_USUAL_BATCH, engine.n_ubatch),
        n_ubatch=engine.n_ubatch,
        mapped=placement.mapped,
        threads=threads,
        batch_threads=threads,
    )


def _tensor_split(option: Option, machine: Machine) -> tuple[int, ...]:
    """The plan's layers a card, with a place for each card that the engine has: the plan leaves out full ones."""
    cards = devices_of(machine).gpus
    if len(machine.gpus) < 2 or option.placement.layout == "cpu":
        return ()
    layers = dict.fromkeys(range(len(machine.gpus)), 0)
    for card, number in zip(cards, option.placement.tensor_split, strict=True):
        if card.gpu_index is not None:
            layers[card.gpu_index] = number
    return tuple(layers.values())


def check_cards(pins: Pins, here: EngineMachine) -> None:
    """Raise UsageError for layers or experts that are to be shared with a card where the engine has none."""
    if here.cards or not (pins.gpu_layers or pins.experts_on_cpu):
        return
    asked = f"--gpu-layers {pins.gpu_layers}" if pins.gpu_layers else "--experts-on-cpu"
    if here.unused:
        raise UsageError(
            f"{asked}: this build of llama.cpp cannot use the {here.unused[0]}.",
            "r1plan doctor says the command that builds one that can",
        )
    raise UsageError(f"{asked}: this machine has no graphics card that can be used.", "leave it out")


def _by_bytes(file: UnplannedFile, here: EngineMachine, pins: Pins, threads: int) -> LoadSettings:
    """The build's default with what is pinned: all layers on the cards, or as many as their memory holds."""
    context = pins.context or min(DEFAULT_CONTEXT_TOKENS, file.context_tokens or DEFAULT_CONTEXT_TOKENS)
    return LoadSettings(
        context_tokens=context,
        gpu_layers=_layers_by_bytes(file, here) if pins.gpu_layers is None else pins.gpu_layers,
        experts_on_host=(file.layers or _MOST_LAYERS) if pins.experts_on_cpu else 0,
        kv_type=pins.kv_type or "f16",
        flash_attn=pins.flash_attn,
        n_batch=max(_USUAL_BATCH, pins.n_ubatch or 0),
        n_ubatch=pins.n_ubatch or _USUAL_BATCH,
        mapped=pins.mapped,
        threads=threads,
        batch_threads=threads,
    )


def _layers_by_bytes(file: UnplannedFile, here: EngineMachine) -> int | None:
    """None: all."""
    if not here.cards:
        return 0
    room = here.free_bytes - here.cards * _KEPT_BYTES - int(here.free_bytes * _KEPT_SHARE)
    if file.bytes is None or file.layers is None or file.bytes <= room:
        return None
    return max(0, room * (file.layers + 1) // file.bytes)
