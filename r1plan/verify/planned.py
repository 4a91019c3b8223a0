"""What is planned for a model file here, and what of it can be held against readings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from r1plan.ask.local.plan import load_settings
from r1plan.catalog.quality import QuantTable
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import NothingFits
from r1plan.hardware.machine import Machine
from r1plan.measurements.measurement import DeviceWork, PlannedTerm
from r1plan.models.gguf.file import Gguf
from r1plan.models.gguf.model import ModelFile
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.pins import checked_pins
from r1plan.plan.llamacpp.placement import DeviceLoads, device_loads
from r1plan.plan.llamacpp.speed.decode_time import DecodeTimeModel, ModelRates
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.llamacpp.speed.rates import MachineRates
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.speed import Speed
from r1plan.plan.workload import Workload

# Who verifies a file wants to know of it, however slow it is.
_ANY_SPEED = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """The file at `path`, planned for `machine`, which is this one as the engine sees it, and how it is loaded so."""

    path: Path
    gguf: Gguf
    file: ModelFile
    machine: Machine
    option: Option
    settings: LoadSettings
    pins: Pins
    tables: tuple[QuantTable, ...]
    learned: LearnedRates = NOTHING_LEARNED


def planned_here(
    path: Path,
    machine: Machine,
    pins: Pins,
    *,
    with_cards: bool,
    threads: int | None = None,
    learned: Callable[[Machine], LearnedRates] = lambda _machine: NOTHING_LEARNED,
) -> FilePlan:
    """The plan of the file at `path` for this machine; without its cards where the engine's build can use none.

    `threads` None: one for each physical core that may be used. `learned` says what was measured of a machine.

    Raises EngineError for what is no model or of no architecture that is planned, and what `plan_file` does.
    """
    from r1plan.catalog.load import load_models
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.models.gguf.file import read_gguf
    from r1plan.models.gguf.model import model_file
    from r1plan.models.gguf.source import LocalFile

    gguf = read_gguf(LocalFile(path))
    file = model_file(gguf, load_models().values())
    seen = machine if with_cards else replace(machine, gpus=())
    cpu = machine.cpu
    usual = max(1, min(cpu.physical_cores or cpu.cores, cpu.cores))
    return plan_file(path, gguf, file, seen, pins, load_quant_tables(), threads or usual, learned(seen))


def plan_file(
    path: Path,
    gguf: Gguf,
    file: ModelFile,
    machine: Machine,
    pins: Pins,
    tables: tuple[QuantTable, ...],
    threads: int,
    learned: LearnedRates = NOTHING_LEARNED,
) -> FilePlan:
    """The plan that `recommend` makes of the file. Raises NothingFits, UsageError for pins that cannot be meant."""
    pins = replace(pins, model=file.model.id, quant=file.quant.name)
    option = _option(file, machine, pins, tables, learned)
    if option is None or not option.fits:
        raise NothingFits(
            f"{file.model.id} {file.quant.name} does not fit this machine, so there is nothing to measure.",
            f"r1plan recommend --model '{path}' says what it lacks",
        )
    pins = replace(pins, context=option.context)
    settings = load_settings(option, machine, pins, threads)
    return FilePlan(
        path=path,
        gguf=gguf,
        file=file,
        machine=machine,
        option=option,
        settings=settings,
        pins=pins,
        tables=tables,
        learned=learned,
    )


def speed_at(plan: FilePlan, depths: tuple[int, ...]) -> Speed:
    """The speed that is planned of the same layout with so many tokens in the cache."""
    option = _option(plan.file, plan.machine, plan.pins, plan.tables, plan.learned, depths)
    return (option or plan.option).speed


def terms_at(plan: FilePlan, depth: int) -> tuple[PlannedTerm, ...]:
    """The addends of a generated token's time with so many tokens in the cache, the longest first."""
    file, on = plan.file, MachineRates(plan.machine, plan.learned.factors)
    rates = ModelRates(on, file.model, file.quant, file.weights, plan.learned)
    model = DecodeTimeModel(plan.machine, file.model, file.quant, file.weights, _placed(plan), rates)
    found = sorted(model.seconds(depth).items(), key=lambda each: -each[1])
    return tuple(PlannedTerm(what=what, seconds=seconds) for what, seconds in found)


def work_of(plan: FilePlan) -> tuple[DeviceWork, ...]:
    """What each device does for a generated token."""
    placement, weights, shape = plan.option.placement, plan.file.weights, plan.file.model.shape
    a_layer = kv_bytes_per_cell(shape, plan.option.settings.kv_type, 1)
    is_mixture = weights.expert_layers > 0
    streamed = weights.dense_layers + placement.expert_layers_on_host
    loads = (
        [] if placement.layout == "cpu" else [load for load in _placed(plan).loads if load.device.gpu_index is not None]
    )
    shares = [layers for layers in placement.layers_on_gpu if layers] or [0]
    work, first = [], placement.host_layers
    for load, layers in zip(loads, shares, strict=False):
        end = first + layers
        trunk = weights.trunk_of(first, end) + (weights.output_bytes if load is loads[-1] else 0)
        experts_from = max(first, min(streamed, end))
        experts = weights.experts_of(experts_from, end) * weights.experts_read_share
        work.append(
            DeviceWork(
                device=load.device.name,
                card=load.device.gpu_index,
                layers=layers,
                expert_layers=max(0, end - max(experts_from, weights.dense_layers)) if is_mixture else 0,
                weights_read_bytes=round(trunk + experts),
                cache_read_bytes=a_layer * layers,
            )
        )
        first = end
    if host := _host_work(plan, a_layer, beside_cards=bool(loads)):
        work.append(host)
    return tuple(work)


def streamed_bytes(plan: FilePlan) -> int:
    """Weights in host memory that are copied to a card for each micro-batch of a prompt."""
    placement, weights = plan.option.placement, plan.file.weights
    if placement.layout in ("cpu", "unified"):
        return 0
    experts = weights.experts_of(0, weights.dense_layers + placement.expert_layers_on_host)
    return experts + weights.trunk_of(0, placement.host_layers)


def _option(
    file: ModelFile,
    machine: Machine,
    pins: Pins,
    tables: tuple[QuantTable, ...],
    learned: LearnedRates,
    depths: tuple[int, ...] = (),
) -> Option | None:
    models = ModelSet({file.model.id: file.model}, tables, file.weights)
    workload = Workload(min_tok_s=_ANY_SPEED, depths=depths)
    return choose(machine, models, workload, checked_pins(pins), learned).choice


def _placed(plan: FilePlan) -> DeviceLoads:
    option, file = plan.option, plan.file
    return device_loads(
        option.placement,
        devices_of(plan.machine, plan.learned.overhead_bytes),
        file.model.shape,
        file.weights,
        option.settings,
        file.model.context_max,
    ).at_context(option.context)


def _host_work(plan: FilePlan, a_layer: int, *, beside_cards: bool) -> DeviceWork | None:
    placement, weights = plan.option.placement, plan.file.weights
    layers, on_host = placement.host_layers, placement.expert_layers_on_host
    trunk = weights.trunk_of(0, layers) + (0 if beside_cards else weights.output_bytes)
    experts = weights.experts_of(0, max(layers, weights.dense_layers + on_host)) * weights.experts_read_share
    if not trunk + experts:
        return None
    return DeviceWork(
        device="host",
        card=None,
        layers=layers,
        expert_layers=max(on_host, layers - weights.dense_layers) if weights.expert_layers else 0,
        weights_read_bytes=round(trunk + experts),
        cache_read_bytes=a_layer * layers,
    )
