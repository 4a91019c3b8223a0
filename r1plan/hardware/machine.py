"""What a machine has, probed or described by options. A value: it can be printed, stored and read back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from r1plan.catalog.hardware import Gpu

SCHEMA = "r1plan.machine/1"

# Beyond what any machine has, and far from where arithmetic on it would fail.
MOST_CARDS = 1_024
LEAST_RATE, MOST_RATE = 1e-3, 1e7  # GiB, GB/s, TFLOPS, W
MOST_MEMORY_BYTES = round(MOST_RATE) << 30

CHANGED = "This machine is meant"
"""How the note of a detected machine begins that says what a person changed of it."""

Vendor = Literal["nvidia", "amd", "apple", "intel", "qualcomm", "unknown"]
_FORBID_EXTRA = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuProcess:
    """A process that holds memory on a graphics card."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    pid: int
    name: str | None
    used_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuDevice:
    """One graphics card, or one MIG slice of one.

    `index` counts from 0 in the order in which an engine sees the devices. `profile` is its id in profiles/hardware,
    None when no data sheet is known. `total_bytes` is what the driver lets processes have, `free_bytes` what a new
    process could take now, and `memory_basis` says where both come from. `unified` is true when its memory is the
    host's own and must be counted once. `bandwidth_gb_s` and the TFLOPS of a MIG slice are the slice's share. `gfx` is
    what ROCm calls the architecture of one of AMD's. `desktop_bytes` are those of the bytes that are not free which
    are only assumed to be held by a desktop: a machine without a screen has them too. `is_unsourced`: nobody
    opened a source of its bandwidth.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    index: int
    vendor: Vendor
    name: str
    profile: str | None
    total_bytes: int
    free_bytes: int
    bandwidth_gb_s: float | None
    fp32_tflops: float | None = None
    fp16_tensor_tflops: float | None = None
    gpu_class: str | None = None
    unified: bool = False
    memory_basis: Literal["measured", "data-sheet", "given", "assumed"] = "measured"
    desktop_bytes: int = 0
    is_unsourced: bool = False
    driver: str | None = None
    compute_capability: str | None = None
    gfx: str | None = None
    multiprocessors: int | None = None
    pcie_generation: int | None = None
    pcie_lanes: int | None = None
    power_limit_w: float | None = None
    mig: bool = False
    processes: tuple[GpuProcess, ...] = ()

    @property
    def is_guessed(self) -> bool:
        """Whether its speed is lent from a card like it: it was found, and no data sheet of it is known."""
        return self.profile is None and self.memory_basis == "measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """The processor. `cores` are the ones this process may use, as a container or affinity allows.

    `avx512` and `amx` say whether it has those instructions, None where that is not known. `sockets` share the cores,
    each with memory of its own.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    model: str
    cores: int
    physical_cores: int | None = None
    architecture: str
    avx512: bool | None = None
    amx: bool | None = None
    sockets: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMemory:
    """Main memory. `limit_bytes` is a container's limit, None when there is none.

    `available_bytes` already respects the limit. `bandwidth_basis` says where `bandwidth_gb_s` comes from.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    total_bytes: int
    available_bytes: int
    limit_bytes: int | None = None
    bandwidth_gb_s: float | None = None
    bandwidth_basis: Literal["given", "data-sheet", "assumed"] | None = None

    @property
    def usable_bytes(self) -> int:
        """What this process could ever have: the total, or the container's limit when that is lower."""
        return min(self.total_bytes, self.limit_bytes or self.total_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Free space where models would be stored."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    path: str
    free_bytes: int


AssumedFigure = Literal[
    "ram", "unified", "ram-bandwidth", "cores", "card-bandwidth", "desktop", "system", "graphics-share"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A figure of a machine that nobody said.

    `option` is the one that says it, None where none does, `because` why this figure, if told.

    `desktop` is what a desktop holds of a card, `system` what the operating system holds of main memory, `unified` the
    one memory of processor and graphics, and `graphics-share` what graphics may have of it.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    what: AssumedFigure
    figure: float
    unit: Literal["GiB", "GB/s", "cores"]
    option: str | None
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Everything a plan needs to know of a machine. `notes` say what a probe could not find out, and why.

    `assumptions` are the figures of a described machine that nobody said, each once. `disk_bandwidth_gb_s` is how fast
    a model's file is read, None when nobody said.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    origin: Literal["detected", "described", "file"]
    system: str
    cpu: Cpu
    memory: HostMemory
    gpus: tuple[GpuDevice, ...] = ()
    disk: Disk | None = None
    disk_bandwidth_gb_s: float | None = None
    assumptions: tuple[Assumption, ...] = ()
    notes: tuple[str, ...] = ()


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
        is_unsourced="bandwidth_gb_s" in sheet.unsourced,
        compute_capability=device.compute_capability or sheet.compute_capability,
        gfx=device.gfx or sheet.gfx,
        multiprocessors=device.multiprocessors or (sheet.multiprocessors and round(share(sheet.multiprocessors) or 0)),
    )
