"""Load a model file as planned, and measure what it takes and what it does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from r1plan import __version__
from r1plan.engine.local.llama.context import NotDecoded
from r1plan.engine.local.llama.library import devices
from r1plan.engine.local.llama.log import EngineLog
from r1plan.engine.local.load import load_model, open_context
from r1plan.errors import EngineError
from r1plan.hardware.energy import Meter
from r1plan.hardware.machine import Machine
from r1plan.measurements.identity import file_identity, machine_identity
from r1plan.measurements.measurement import (
    BufferReading,
    Disturbance,
    EngineIdentity,
    Measurement,
    PlannedRange,
    PowerReading,
    SpeedReading,
)
from r1plan.plan.speed import Range
from r1plan.verify.allocated import allocated
from r1plan.verify.buffers import buffer_readings
from r1plan.verify.cards import lost_bytes, others_changed
from r1plan.verify.pace import Pace, PaceBounds, PaceStage, pace
from r1plan.verify.planned import FilePlan, speed_at, streamed_bytes, terms_at, work_of
from r1plan.verify.slowed import HostLook, cards_slowed_by, host_look, others_worked, own_bytes, swapped


class VerifyProgress(Protocol):
    """Who is told how far it is. What `loads` raises ends the loading."""

    def loads(self, share: float) -> None:
        """So much of the file is loaded, 0 to 1."""
        ...

    def measures(self, stage: PaceStage, depth: int) -> None:
        """What is timed now, with so many tokens in the cache."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyHost:
    """What the machine is looked at with: `look` probes it, `tick` counts seconds, `nvml` is a module like pynvml."""

    look: Callable[[], Machine]
    tick: Callable[[], float]
    now: Callable[[], datetime]
    meter: Meter
    nvml: Any = None
    root: Path = Path("/")


def verify_file(
    plan: FilePlan, before: Machine, host: VerifyHost, bounds: PaceBounds, told: VerifyProgress
) -> Measurement:
    """The readings. `before` is the machine as it was probed before the engine touched a card.

    Raises OutOfMemory and other EngineErrors; KeyboardInterrupt ends it at once, and nothing stays loaded.
    """
    log = EngineLog(keeps_all=True)
    process_bytes = own_bytes(host.root)
    began = host.tick()
    with closing(load_model(plan.path, plan.settings, log, told.loads)) as model:
        lines = [*log.lines]
        with closing(open_context(model, plan.path.name, plan.settings, log)) as context:
            lines += log.lines
            load_s = host.tick() - began
            watch = _Watch(plan, before, host)
            meter = host.meter()

            def stage(what: PaceStage, depth: int) -> None:
                watch.looks()
                told.measures(what, depth)

            measured_from = host.tick()
            try:
                found = pace(context, model.vocabulary_size, bounds, host.tick, stage)
            except NotDecoded as error:
                raise EngineError(
                    f"{plan.path.name}: llama.cpp stopped while it was measured: {log.last or error}.",
                    "try a smaller --context",
                ) from error
            energy, seconds = meter(), host.tick() - measured_from
            watch.looks()
            after = host.look()
            held = own_bytes(host.root)
    buffers = buffer_readings(
        plan.option.memory,
        allocated(lines),
        plan.file.weights,
        [each.name for each in devices() if each.kind in ("gpu", "igpu")],
        lost_bytes(plan.machine.gpus, before, after),
        process_bytes,
    )
    power = None
    if energy is not None and seconds > 0:
        power = PowerReading(watts=float(energy.watt_hours) * 3600 / seconds, seconds=seconds, source=energy.source)
    return _measurement(plan, host, buffers, found, load_s, held, power, watch.disturbances(after, found, bounds))


def _measurement(
    plan: FilePlan,
    host: VerifyHost,
    buffers: tuple[BufferReading, ...],
    found: Pace,
    load_s: float,
    held: int | None,
    power: PowerReading | None,
    disturbances: tuple[Disturbance, ...],
) -> Measurement:
    depths = tuple(each.depth for each in found.decode)
    speed = speed_at(plan, (*depths, *(each.depth for each in found.prefill)))
    return Measurement(
        measured_at=host.now(),
        r1plan=__version__,
        machine=machine_identity(plan.machine),
        engine=engine_identity(),
        file=file_identity(plan.gguf, plan.file),
        settings=plan.settings,
        layout=plan.option.placement.layout,
        buffers=buffers,
        prefill=tuple(_planned(each, speed.prefill_at(each.depth)) for each in found.prefill),
        decode=tuple(_planned(each, speed.at(each.depth)) for each in found.decode),
        speed_terms=terms_at(plan, depths[0]),
        work=work_of(plan),
        disk_bytes=round(plan.option.disk_bytes * plan.file.weights.experts_read_share),
        streamed_bytes=streamed_bytes(plan),
        load_s=load_s,
        host_resident_bytes=held,
        power=power,
        disturbances=disturbances,
    )


def engine_identity() -> EngineIdentity:
    """The llama.cpp of this process."""
    try:
        found = version("llama-cpp-python")
    except PackageNotFoundError:
        found = None
    names = (each.name.rstrip("0123456789") for each in devices())
    return EngineIdentity(version=found, backends=tuple(dict.fromkeys(names)))


def _planned(reading: SpeedReading, planned: Range | None) -> SpeedReading:
    if planned is None:
        return reading
    return replace(reading, planned=PlannedRange(low=planned.low, mid=planned.mid, high=planned.high))


class _Watch:
    """Looks out for what disturbs the readings, from the first of them to the last."""

    def __init__(self, plan: FilePlan, before: Machine, host: VerifyHost) -> None:
        self._before, self._host, self._cores = before, host, plan.machine.cpu.cores
        self._unused = bool(before.gpus) and not plan.machine.gpus
        self._first: HostLook = host_look(host.tick, host.root)
        self._slowed: set[Disturbance] = set()

    def looks(self) -> None:
        """See whether a card holds back just now."""
        self._slowed |= cards_slowed_by(self._host.nvml)

    def disturbances(self, after: Machine, found: Pace, bounds: PaceBounds) -> tuple[Disturbance, ...]:
        """All that was noticed until now."""
        noticed: set[Disturbance] = {*self._slowed}
        last = host_look(self._host.tick, self._host.root)
        if swapped(self._first, last):
            noticed.add("swap")
        if others_worked(self._first, last, self._cores):
            noticed.add("busy-processor")
        if any(map(others_changed, self._before.gpus, after.gpus)):
            noticed.add("other-process")
        if any(each.spread > 2 * bounds.spread for each in (*found.prefill, *found.decode)):
            noticed.add("unsteady")
        if self._unused:
            noticed.add("no-gpu-build")
        return tuple(sorted(noticed))
