"""What slows the processor's side down: memory that is short, limits, folders of models that lie elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from r1plan.doctor.build.toolbox import Toolbox
from r1plan.doctor.slow.cause import (
    FewCores,
    LittleMemory,
    OnBattery,
    RemoteFolder,
    SlowCause,
    Swapping,
    TranslatedPython,
)
from r1plan.hardware import kernel_files
from r1plan.hardware.machine import Machine
from r1plan.units import GIB, KIB, MIB

# File systems behind which another machine's disk is; those of clusters, such as Lustre, are made for large reads.
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "davfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse"}
)
_ESCAPED = re.compile(r"\\([0-7]{3})")
_MACOS_SWAP = re.compile(r"used = ([\d.]+)M")
# Processes wait for a little memory on every machine; swap that nobody asks for costs nothing.
_STALLED_PERCENT = 1.0
_SWAP_BYTES = GIB
_SHORT_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPoint:
    """One line of /proc/mounts."""

    path: Path
    file_system: str
    options: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReadings:
    """What the system says now. None is what it does not say.

    `stalled_percent` is the share of the last minute in which some process waited for memory (Linux
    Documentation/accounting/psi.rst). `cores` are all that the machine has.
    """

    swap_used_bytes: int = 0
    stalled_percent: float | None = None
    cores: int | None = None
    is_translated: bool = False
    is_on_battery: bool = False
    is_container: bool = False
    mounts: tuple[MountPoint, ...] = ()


def host_readings(tools: Toolbox, cores: int | None, *, is_container: bool) -> HostReadings:
    """What the system under `tools` says now."""
    if tools.system == "darwin":
        swap = tools.run(["sysctl", "-n", "vm.swapusage"])
        translated = tools.run(["sysctl", "-n", "sysctl.proc_translated"])
        used = _MACOS_SWAP.search(swap.output) if swap else None
        return HostReadings(
            swap_used_bytes=round(float(used[1]) * MIB) if used else 0,
            cores=cores,
            is_translated=translated is not None and translated.output.strip() == "1",
        )
    if tools.system != "linux":
        return HostReadings(cores=cores)
    return HostReadings(
        swap_used_bytes=_swap_used(tools),
        stalled_percent=_stalled(tools),
        cores=cores,
        is_on_battery=_is_on_battery(tools),
        is_container=is_container,
        mounts=tuple(_mounts(tools)),
    )


def slow_host(readings: HostReadings, machine: Machine | None, folders: Sequence[Path]) -> Iterator[SlowCause]:
    """What makes the host slow. `folders` hold models, each by its real path."""
    if readings.is_translated:
        yield TranslatedPython()
    is_stalled = (readings.stalled_percent or 0.0) >= _STALLED_PERCENT
    memory = machine.memory if machine else None
    is_short = memory is not None and memory.available_bytes < memory.total_bytes * _SHORT_SHARE
    if is_stalled or (readings.swap_used_bytes >= _SWAP_BYTES and is_short):
        yield Swapping(
            used_bytes=readings.swap_used_bytes, stalled_percent=readings.stalled_percent if is_stalled else None
        )
    if machine and readings.cores and machine.cpu.cores < readings.cores:
        yield FewCores(usable=machine.cpu.cores, present=readings.cores, is_container=readings.is_container)
    if memory is not None and memory.limit_bytes is not None and memory.limit_bytes < memory.total_bytes:
        yield LittleMemory(limit_bytes=memory.limit_bytes, total_bytes=memory.total_bytes)
    yield from _remote(readings.mounts, folders)
    if readings.is_on_battery:
        yield OnBattery()


def _remote(mounts: Sequence[MountPoint], folders: Sequence[Path]) -> Iterator[RemoteFolder]:
    """One for each mount on which models lie."""
    seen: set[Path] = set()
    for folder in folders:
        holding = [each for each in mounts if folder.is_relative_to(each.path)]
        # Of mounts at one place the last is seen.
        nearest = max(holding, key=lambda each: len(each.path.parts), default=None)
        latest = [each for each in holding if nearest is not None and each.path == nearest.path]
        if not latest or latest[-1].path in seen or latest[-1].file_system not in _REMOTE:
            continue
        seen.add(latest[-1].path)
        yield RemoteFolder(
            path=folder,
            file_system=latest[-1].file_system.removeprefix("fuse."),
            is_windows_drive="drvfs" in latest[-1].options,
        )


def _swap_used(tools: Toolbox) -> int:
    held = kernel_files.key_values(tools.at("/proc/meminfo"), ":")
    total, free = (held.get(each, "").removesuffix(" kB") for each in ("SwapTotal", "SwapFree"))
    return max(0, int(total) - int(free)) * KIB if total.isdigit() and free.isdigit() else 0


def _stalled(tools: Toolbox) -> float | None:
    said = re.search(
        r"^some .*avg60=([\d.]+)", kernel_files.text(tools.at("/proc/pressure/memory")) or "", re.MULTILINE
    )
    return float(said[1]) if said else None


def _is_on_battery(tools: Toolbox) -> bool:
    supplies = tools.found("/sys/class/power_supply/*")
    kinds = {each: kernel_files.text(each / "type") for each in supplies}
    # A mouse has a battery too, whose scope is the device alone.
    own = [each for each, kind in kinds.items() if kind == "Battery" and kernel_files.text(each / "scope") != "Device"]
    mains = [each for each, kind in kinds.items() if kind in ("Mains", "USB")]
    discharging = any(kernel_files.text(each / "status") == "Discharging" for each in own)
    return discharging and not any(kernel_files.integer(each / "online") for each in mains)


def _mounts(tools: Toolbox) -> Iterator[MountPoint]:
    for line in (kernel_files.text(tools.at("/proc/self/mounts")) or "").splitlines():
        fields = line.split(" ")
        if len(fields) >= 4:
            path = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[1])
            yield MountPoint(path=Path(path), file_system=fields[2], options=f"{fields[0]} {fields[3]}")
