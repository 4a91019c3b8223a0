"""The machine that this process runs on: every probe's answer, joined with the data sheets."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1plan.errors import NotFound, UsageError
from r1plan.hardware import amd, apple, host, nvidia
from r1plan.hardware.bandwidth import assumed_rate
from r1plan.hardware.found import FoundGpu, ProbeResult
from r1plan.hardware.machine import Cpu, GpuDevice, HostMemory, Machine

if TYPE_CHECKING:
    from r1plan.catalog.hardware import Accelerator, Gpu, Hardware

ASSUMED_RATE = "Memory bandwidth is assumed"
"""How the note begins that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Where the probes look: at the machine that this process runs on, or at a recorded one.

    `root` is where its file system begins. `nvml` gives NVIDIA's library and is called only where there is a driver;
    `runner` runs a program of macOS. `architecture` and `affinity` (usable cores) None: as Python finds them.
    """

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    nvml: Callable[[], Any] = nvidia.library
    runner: apple.Runner = apple.run
    system: str = sys.platform
    architecture: str | None = None
    affinity: int | None = None

    def probe_host(self) -> host.FoundHost:
        """Processor and memory."""
        return host.probe(self.root, system=self.system, architecture=self.architecture, affinity=self.affinity)

    def probe_cards(self, memory: HostMemory) -> tuple[ProbeResult, ...]:
        """The graphics cards, by vendor; `memory` is what they may share with the processor. No probe raises."""
        if self.system == "darwin":
            return (_guarded("Apple", lambda: apple.probe(memory, self.runner)),)
        if nvidia.driver_present(self.root):
            cards = _guarded("NVIDIA", lambda: nvidia.probe(self.nvml(), memory, self.environ, self.root))
        else:
            cards = _guarded("NVIDIA", lambda: nvidia.probe_without_driver(self.root))
        return cards, _guarded("AMD", lambda: amd.probe(memory, self.root))


def detect(sheets: Callable[[], Hardware], storage: Path, probes: Probes | None = None) -> Machine:
    """What this machine has, or the one that `probes` look at. `storage` is where models would be stored.

    `sheets` gives the catalogue's hardware and is called only when there is a graphics card to look up.
    Raises CatalogError when a file of profiles/hardware is wrong; no probe raises.
    """
    probes = probes or Probes()
    here = probes.probe_host()
    answers = probes.probe_cards(here.memory)
    found = [gpu for answer in answers for gpu in answer.gpus]
    gpus = _with_sheets(found, sheets()) if found else ()
    notes = [*here.notes, *(note for answer in answers for note in answer.notes)]
    notes += (
        f"No data sheet is known for {each.name}: its speed is a guess." for each in gpus if each.bandwidth_gb_s is None
    )
    memory, why = _with_bandwidth(here.memory, here.cpu, gpus)
    return Machine(
        origin="detected",
        system=probes.system,
        cpu=_named_by_chip(here.cpu, gpus),
        memory=memory,
        gpus=gpus,
        disk=host.free_disk(storage),
        notes=(*notes, *why),
    )


def _with_sheets(found: Sequence[FoundGpu], hardware: Hardware) -> tuple[GpuDevice, ...]:
    """The devices, numbered anew, each with what its data sheet adds."""
    look_up = cache(partial(_sheet, hardware))
    return tuple(
        replace(_joined(each, look_up(each.sheet_name, each.sheet_bytes)), index=index)
        for index, each in enumerate(found)
    )


def _guarded(vendor: str, probe: Callable[[], ProbeResult]) -> ProbeResult:
    """The probe's answer; one that trips over a driver nobody has met must not cost the rest of the machine."""
    try:
        return probe()
    except Exception as error:
        return ProbeResult(notes=(f"{vendor} cards were not looked at: {type(error).__name__}: {error}.",))


def _sheet(hardware: Hardware, names: str, total_bytes: int | None) -> Accelerator | None:
    """The data sheet of a card that its driver calls that and that has that memory, or None.

    libdrm's list has names such as "AMD Instinct MI60 / MI50"; the memory tells which.
    """
    from r1plan.catalog.match import find_accelerator

    for name in names.split(" / "):
        try:
            return find_accelerator(hardware, name, total_bytes)
        except (NotFound, UsageError):
            continue
    return None


def _joined(found: FoundGpu, sheet: Accelerator | None) -> GpuDevice:
    """The device with what its data sheet adds, in the share that a slice has of the card."""
    if sheet is None:
        return found.device
    from r1plan.catalog.hardware import Gpu

    if isinstance(sheet, Gpu):
        return described_by(found.device, sheet, found.memory_share, found.compute_share)
    return replace(found.device, profile=sheet.id, bandwidth_gb_s=sheet.bandwidth_gb_s, gpu_class="apple")


def described_by(device: GpuDevice, sheet: Gpu, memory_share: float = 1.0, compute_share: float = 1.0) -> GpuDevice:
    """`device` with the figures of `sheet`, of which it has those shares."""

    def share(figure: float | None, part: float = compute_share) -> float | None:
        return None if figure is None else figure * part

    return replace(
        device,
        profile=sheet.id,
        bandwidth_gb_s=share(sheet.bandwidth_gb_s, memory_share),
        fp32_tflops=share(sheet.fp32_tflops),
        fp16_tensor_tflops=share(sheet.fp16_tensor_tflops),
        gpu_class=sheet.gpu_class,
        compute_capability=device.compute_capability or sheet.compute_capability,
        gfx=device.gfx or sheet.gfx,
    )


def _with_bandwidth(memory: HostMemory, cpu: Cpu, gpus: tuple[GpuDevice, ...]) -> tuple[HostMemory, tuple[str, ...]]:
    """The memory with its bandwidth: the data sheet's where it serves the GPU too, else an assumed one and a note."""
    from r1plan.catalog.load import load_cpus

    for each in gpus:
        if each.unified and each.bandwidth_gb_s is not None:
            return replace(memory, bandwidth_gb_s=each.bandwidth_gb_s, bandwidth_basis="data-sheet"), ()
    gb_s, row = assumed_rate(cpu.model, cpu.cores, load_cpus)
    note = (
        f"{ASSUMED_RATE}, {gb_s:.1f} GB/s ({row}), as it cannot be read without root; "
        "recommend's --ram-bandwidth sets it."
    )
    return replace(memory, bandwidth_gb_s=gb_s, bandwidth_basis="assumed"), (note,)


def _named_by_chip(cpu: Cpu, gpus: tuple[GpuDevice, ...]) -> Cpu:
    """On a Mac the system calls every processor "arm"; its chip's name says more."""
    chip = next((each.name.split(" (")[0] for each in gpus if each.vendor == "apple"), None)
    return cpu if chip is None else replace(cpu, model=chip)
