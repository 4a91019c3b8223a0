"""The machine that this process runs on: every probe's answer, joined with the data sheets."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1plan.hardware import amd, apple, host, kernel_files, nvidia
from r1plan.hardware.bandwidth import assumed_rate
from r1plan.hardware.found import FoundGpu, ProbeResult
from r1plan.hardware.machine import Cpu, GpuDevice, HostMemory, Machine, described_by

if TYPE_CHECKING:
    from r1plan.catalog.hardware import Hardware
    from r1plan.hardware.names.driver import DriverCard, DriverMatch, Guess

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
    gpus, told = _with_sheets(found, sheets(), board(probes.root)) if found else ((), ())
    notes = [*here.notes, *(note for answer in answers for note in answer.notes), *told]
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


def board(root: Path) -> str | None:
    """The name of a board whose firmware tells it, such as a Jetson's, whose driver calls all of them "Orin"."""
    return (kernel_files.text(root / "proc/device-tree/model") or "").strip("\0 ") or None


def _with_sheets(
    found: Sequence[FoundGpu], hardware: Hardware, board_name: str | None
) -> tuple[tuple[GpuDevice, ...], tuple[str, ...]]:
    """The devices, numbered anew, each with what its data sheet adds; and what is to be said of that."""
    look_up = cache(partial(_sheet, hardware))
    devices: list[GpuDevice] = []
    notes: list[str] = []
    for index, each in enumerate(found):
        device, note = _joined(each, look_up(_driver_card(each, board_name)))
        devices.append(replace(device, index=index))
        if note is not None:
            notes.append(note)
    return tuple(devices), tuple(dict.fromkeys(notes))


def _guarded(vendor: str, probe: Callable[[], ProbeResult]) -> ProbeResult:
    """The probe's answer; one that trips over a driver nobody has met must not cost the rest of the machine."""
    try:
        return probe()
    except Exception as error:
        return ProbeResult(notes=(f"{vendor} cards were not looked at: {type(error).__name__}: {error}.",))


def _driver_card(found: FoundGpu, board_name: str | None) -> DriverCard:
    """What the device is looked up by. A MIG slice is limited as its whole card is."""
    from r1plan.hardware.names.driver import DriverCard

    device, is_nvidia = found.device, found.device.vendor == "nvidia"
    shares = device.unified and is_nvidia
    return DriverCard(
        names=(board_name, found.sheet_name) if shares and board_name else (found.sheet_name,),
        total_bytes=device.total_bytes if shares and found.sheet_bytes is None else found.sheet_bytes,
        shares_memory=shares,
        power_limit_w=device.power_limit_w,
    )


def _sheet(hardware: Hardware, card: DriverCard) -> DriverMatch | Guess | None:
    from r1plan.hardware.names.driver import guess, sheet_of

    return sheet_of(hardware, card) or (None if card.shares_memory else guess(hardware, card))


def _joined(found: FoundGpu, known: DriverMatch | Guess | None) -> tuple[GpuDevice, str | None]:
    """The device with what is known of it, in the share that a slice has of the card; and what to say of that."""
    from r1plan.catalog.hardware import Gpu
    from r1plan.hardware.names.driver import Guess
    from r1plan.hardware.names.match import listed

    name, memory_share = found.device.name, found.memory_share
    if known is None:
        unknown = found.device.bandwidth_gb_s is None
        return found.device, f"No data sheet is known for {name}: its speed is a guess." if unknown else None
    if isinstance(known, Guess):
        lent = replace(known.sheet, bandwidth_gb_s=known.bandwidth_gb_s, compute_capability=None, gfx=None)
        device = replace(described_by(found.device, lent, memory_share, found.compute_share), profile=None)
        why = "the nearest of its family" if known.is_family else "the slowest of its maker with as much memory"
        return device, (
            f"No data sheet is known for {name}: its bandwidth, {device.bandwidth_gb_s:g} GB/s, and what it calculates "
            f"are guessed from {known.sheet.id}, {why}."
        )
    sheet, note = known.sheet, None
    if known.others:
        others = listed(tuple(each.id for each in known.others))
        note = f"{name} is what the driver calls {others} too; the figures are those of {sheet.id}."
    if isinstance(sheet, Gpu):
        return described_by(found.device, sheet, memory_share, found.compute_share), note
    return replace(found.device, profile=sheet.id, bandwidth_gb_s=sheet.bandwidth_gb_s, gpu_class="apple"), note


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
