"""Each thing that surely slows models down here, with the figures that say so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from r1plan.doctor.state import State
from r1plan.hardware.machine import GpuProcess

ThrottleReason = Literal["heat", "power-brake", "hardware"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardIdle:
    """An engine that does not use the card: each token reads the weights from main memory instead."""

    name: str
    card_gb_s: float
    memory_gb_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBuild:
    """An engine built without AVX2 for a processor that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LowPower:
    """A card's power limit below its maker's. `cap_file` is where AMD's driver takes it, in microwatts."""

    index: int
    name: str
    limit_w: float
    default_w: float
    cap_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LowClocks:
    """A card of AMD's that was told to stay at low clocks, in `level_file`."""

    name: str
    level_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """A card that lowers its clocks at this moment."""

    index: int
    name: str
    reasons: tuple[ThrottleReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowLink:
    """A card that reaches less of the PCI bus than it and the board could."""

    name: str
    generation: int
    lanes: int
    best_generation: int
    best_lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMemory:
    """Memory of a card that other processes hold, the largest first."""

    index: int
    name: str
    processes: tuple[GpuProcess, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigSlice:
    """A card that is cut up, of which an engine uses one slice."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapping:
    """Main memory that is short. `stalled_percent` is the time of the last minute that processes waited for it."""

    used_bytes: int
    stalled_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FewCores:
    """Cores that this process may not use."""

    usable: int
    present: int
    is_container: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LittleMemory:
    """Main memory that this container may not use."""

    limit_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFolder:
    """A folder of models on another machine's disk, or on Windows' as WSL reaches it."""

    path: Path
    file_system: str
    is_windows_drive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedPython:
    """A Python for Intel's processors on Apple's: neither Metal nor the processor's own instructions are used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBattery:
    """A laptop off the mains."""


SlowCause = (
    CardIdle
    | PlainBuild
    | LowPower
    | LowClocks
    | Throttled
    | NarrowLink
    | HeldMemory
    | MigSlice
    | Swapping
    | FewCores
    | LittleMemory
    | RemoteFolder
    | TranslatedPython
    | OnBattery
)


@dataclass(frozen=True, slots=True)
class Slowness:
    """All of them, what costs most first."""

    causes: tuple[SlowCause, ...]

    @property
    def state(self) -> State:
        """Slow is not broken."""
        return "note" if self.causes else "ok"
