"""NVIDIA cards through NVML (nvidia-ml-py), the library behind nvidia-smi.

Nothing here raises: what NVML does not say becomes None, and a card or a driver that fails becomes a note.
Reference: NVML API Reference Guide, docs.nvidia.com/deploy/nvml-api.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from r1plan.hardware import kernel_files
from r1plan.hardware.cuda_visible import Card, visible
from r1plan.hardware.found import FoundGpu, ProbeResult
from r1plan.hardware.machine import GpuDevice, GpuProcess, HostMemory

# What the driver makes on Linux, in WSL and on Tegra. Without one of them NVML cannot start, and its import is saved.
_DRIVER_FILES = ("proc/driver/nvidia/version", "dev/nvidiactl", "dev/dxg", "dev/nvhost-gpu", "dev/nvgpu")
_PCI_VENDOR = 0x10DE

# NVML error codes (nvml.h) that a person can act on.
_START_FAILURES = {
    9: "the NVIDIA driver is not loaded",
    12: "the driver's library libnvidia-ml is not installed",
    15: "a card fell off the bus; a restart brings it back",
    18: "the driver was updated and the old one is still running; a restart mends that",
}
_NOT_SUPPORTED = 3
_FAILED = object()
NO_CARD = "-1"
"""What CUDA_VISIBLE_DEVICES is for a process that uses no card."""


def driver_present(root: Path = Path("/")) -> bool:
    """Whether the NVIDIA driver has left a trace on this system."""
    return any((root / each).exists() for each in _DRIVER_FILES)


def probe_without_driver(root: Path = Path("/")) -> ProbeResult:
    """What can be said where the driver is missing: a card on the PCI bus that nothing can use is worth a note."""
    cards = sum(
        kernel_files.integer(each / "vendor") == _PCI_VENDOR
        # Display controllers are class 0x03xxxx; the same vendor sells audio functions and bridges.
        and (kernel_files.integer(each / "class") or 0) >> 16 == 3
        for each in sorted((root / "sys/bus/pci/devices").glob("*"))
    )
    if not cards:
        return ProbeResult()
    plural = "card is" if cards == 1 else "cards are"
    return ProbeResult(
        notes=(
            f"{cards} NVIDIA {plural} on the PCI bus, but no driver is here: install it, "
            "or start the container with the GPUs passed in (--gpus all).",
        )
    )


def library() -> Any:
    """The NVML binding, or None when it is not installed."""
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


def probe(nvml: Any, memory: HostMemory, environ: Mapping[str, str], root: Path = Path("/")) -> ProbeResult:
    """The cards that `nvml`, a module or object like pynvml, shows and CUDA_VISIBLE_DEVICES in `environ` leaves.

    `memory` sizes a card that shares the host's own; `root` is where process names are looked up.
    """
    if nvml is None:
        return ProbeResult(notes=("NVIDIA cards were not looked at: the package nvidia-ml-py is not installed.",))
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        reason = _START_FAILURES.get(_code(error), str(error))
        return ProbeResult(notes=(f"NVIDIA cards were not looked at: {reason}.",))
    try:
        return _Probe(nvml, memory, environ, root).run()
    finally:
        _ask(nvml, nvml.nvmlShutdown)


def visible_with_room(nvml: Any, environ: Mapping[str, str], needed_bytes: Callable[[GpuDevice], int]) -> str | None:
    """What CUDA_VISIBLE_DEVICES has to be so that CUDA touches no card with less free than it needs to begin.

    Such a card ends the process that looks at it. None: all that it shows have that much, or nobody knows.
    """
    if nvml is None or _ask(nvml, nvml.nvmlInit, default=_FAILED) is _FAILED:
        return None
    try:
        cards = _Probe(nvml, HostMemory(total_bytes=0, available_bytes=0), environ, Path("/")).cards()
    finally:
        _ask(nvml, nvml.nvmlShutdown)
    uuids = {id(found): uuid for card in cards for uuid, found in card.devices}
    seen = visible(cards, environ).gpus
    roomy = [each for each in seen if each.device.unified or each.device.free_bytes >= needed_bytes(each.device)]
    if len(roomy) == len(seen) or not all(uuids[id(each)] for each in roomy):
        return None
    return ",".join(uuids[id(each)] for each in roomy) or NO_CARD


def _code(error: Exception) -> int:
    return int(getattr(error, "value", 999))


def _ask(nvml: Any, question: Callable[..., Any], *arguments: Any, default: Any = None) -> Any:
    """The answer to one NVML call, or `default` when this card or driver does not give it."""
    try:
        return question(*arguments)
    except nvml.NVMLError:
        return default


class _Probe:
    """One look at an initialised NVML."""

    def __init__(self, nvml: Any, memory: HostMemory, environ: Mapping[str, str], root: Path) -> None:
        self.nvml = nvml
        self.memory = memory
        self.environ = environ
        self.root = root
        self.notes: list[str] = []

    def run(self) -> ProbeResult:
        seen = visible(self.cards(), self.environ)
        return ProbeResult(seen.gpus, (*self.notes, *seen.notes))

    def cards(self) -> list[Card]:
        """All cards, also those that CUDA does not see."""
        count = _ask(self.nvml, self.nvml.nvmlDeviceGetCount) or 0
        self.driver = _ask(self.nvml, self.nvml.nvmlSystemGetDriverVersion)
        cards: list[Card] = []
        for number in range(count):
            try:
                handle = self.nvml.nvmlDeviceGetHandleByIndex(number)
                uuid = _ask(self.nvml, self.nvml.nvmlDeviceGetUUID, handle) or ""
                cards.append(Card(number, uuid, tuple(self._devices(number, handle, uuid))))
            except self.nvml.NVMLError as error:
                self.notes.append(f"NVIDIA card {number} does not answer ({error}); it is left out.")
                # CUDA still counts it.
                cards.append(Card(number, "", ()))
        return cards

    def _devices(self, number: int, handle: Any, uuid: str) -> Iterator[tuple[str, FoundGpu]]:
        """The card itself, or its MIG slices when it is cut into some; with the UUID of each."""
        nvml = self.nvml
        mode = _ask(nvml, nvml.nvmlDeviceGetMigMode, handle)
        if not mode or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            yield uuid, self._device(number, handle)
            return
        name = nvml.nvmlDeviceGetName(handle)
        whole = _ask(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
        slices = 0
        for place in range(_ask(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            mig = _ask(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, place)
            if mig is None:
                continue
            slices += 1
            found = self._device(number, mig, card=handle)
            attributes = _ask(nvml, nvml.nvmlDeviceGetAttributes, mig)
            whole_bytes = whole.total if whole else None
            share = found.device.total_bytes / whole_bytes if whole_bytes else 1.0
            cores = attributes.gpuInstanceSliceCount / 7 if attributes else share
            device_name = found.device.name
            if "MIG" not in device_name and attributes:
                device_name = f"{name} MIG {attributes.gpuInstanceSliceCount}g"
            yield (
                _ask(nvml, nvml.nvmlDeviceGetUUID, mig) or "",
                found._replace(
                    device=replace(found.device, name=device_name, mig=True),
                    sheet_name=name,
                    sheet_bytes=whole_bytes,
                    memory_share=min(1.0, share),
                    compute_share=min(1.0, cores),
                ),
            )
        if slices == 0:
            self.notes.append(f"NVIDIA card {number} ({name}) is in MIG mode but has no slice; it cannot be used.")
        elif slices > 1:
            self.notes.append(f"NVIDIA card {number} has {slices} MIG slices; a process can use only one of them.")

    def _device(self, number: int, handle: Any, card: Any = None) -> FoundGpu:
        """One card or slice. What belongs to the whole `card` of a slice is asked there."""
        nvml, whole = self.nvml, handle if card is None else card
        name = nvml.nvmlDeviceGetName(handle)
        total, free, unified = self._memory(number, handle, name)
        capability = _ask(nvml, nvml.nvmlDeviceGetCudaComputeCapability, whole)
        milliwatts = _ask(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, whole)
        return FoundGpu(
            device=GpuDevice(
                index=number,
                vendor="nvidia",
                name=name,
                profile=None,
                total_bytes=total,
                free_bytes=free,
                bandwidth_gb_s=None,
                unified=unified,
                driver=self.driver,
                compute_capability=f"{capability[0]}.{capability[1]}" if capability else None,
                # The generation falls while the card is idle, so the highest that card and slot can do together is
                # asked; the lanes do not, so those really wired are.
                pcie_generation=None if unified else _ask(nvml, nvml.nvmlDeviceGetMaxPcieLinkGeneration, whole),
                pcie_lanes=None if unified else _ask(nvml, nvml.nvmlDeviceGetCurrPcieLinkWidth, whole),
                power_limit_w=milliwatts / 1000 if milliwatts else None,
                processes=self._processes(handle),
            ),
            sheet_name=name,
            sheet_bytes=None if unified else total,
        )

    def _memory(self, number: int, handle: Any, name: str) -> tuple[int, int, bool]:
        """Total bytes, free bytes, and whether they are the host's.

        Version 2 tells what the driver keeps for itself apart, version 1 counts it as used; neither as free.
        GB10 and Tegra answer "not supported" to both, because their memory is the host's.
        """
        nvml = self.nvml
        info = _ask(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle, version=nvml.nvmlMemory_v2))
        if info is None:
            try:
                info = nvml.nvmlDeviceGetMemoryInfo(handle)
            except nvml.NVMLError as error:
                if _code(error) != _NOT_SUPPORTED:
                    raise
                self.notes.append(f"NVIDIA card {number} ({name}) shares the host's memory and is sized by it.")
                return self.memory.usable_bytes, self.memory.available_bytes, True
        return int(info.total), min(int(info.free), int(info.total)), False

    def _processes(self, handle: Any) -> tuple[GpuProcess, ...]:
        """Who holds memory: a process that both computes and draws is listed by both calls and counted once."""
        used: dict[int, int | None] = {}
        for kind in ("Compute", "Graphics"):
            for version in ("_v3", "_v2"):
                question = getattr(self.nvml, f"nvmlDeviceGet{kind}RunningProcesses{version}", None)
                running = _ask(self.nvml, question, handle) if question else None
                if running is not None:
                    break
            for each in running or ():
                known = used.get(each.pid)
                used[each.pid] = max(known or 0, each.usedGpuMemory or 0) or None
        return tuple(
            GpuProcess(pid=pid, name=self._process_name(pid), used_bytes=used_bytes)
            for pid, used_bytes in sorted(used.items(), key=lambda each: (-(each[1] or 0), each[0]))
        )

    def _process_name(self, pid: int) -> str | None:
        """The program's file name; None in a container, where the host's process cannot be seen."""
        if path := _ask(self.nvml, self.nvml.nvmlSystemGetProcessName, pid):
            return Path(path.split(" ")[0]).name or None
        return kernel_files.text(self.root / f"proc/{pid}/comm") or None
