"""What one model file was measured to take and to do on a machine, beside what was planned. Values alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from r1plan.engine.local.settings import LoadSettings
from r1plan.measurements.identity import FileIdentity, MachineIdentity

SCHEMA: Literal["r1plan.measurement/1"] = "r1plan.measurement/1"

MeasuredTerm = Literal["weights", "kv_cache", "compute", "output", "overhead"]
"""What memory is taken for. `overhead` is all that a device loses beside the engine's buffers."""

Disturbance = Literal[
    "other-process",  # a process on a card came, went or grew meanwhile
    "thermal",  # a card slowed itself down for its heat
    "power-limit",  # a card ran at its power limit
    "power-brake",  # a card was slowed down from outside
    "swap",  # the system swapped meanwhile
    "busy-processor",  # other processes took the processor's time
    "unsteady",  # the readings of one figure did not settle
    "no-gpu-build",  # there is a card, and this build of the engine computes on the processor alone
]
"""What makes readings say less of this machine than they would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineIdentity:
    """Which engine it was. `backends` are llama.cpp's own names of what it can calculate on, such as CPU, CUDA."""

    name: Literal["llama.cpp"] = "llama.cpp"
    version: str | None
    backends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferReading:
    """One term of memory on one device. None: it was not planned, or could not be read.

    `card` is the place in `MachineIdentity.cards`, None for host memory. `tolerance_bytes` is how far the plan says
    that it may be off, `learned_bytes` what of `planned_bytes` earlier measurements added, negative: took.
    """

    device: str
    card: int | None
    term: MeasuredTerm
    planned_bytes: int | None
    measured_bytes: int | None
    basis: str = ""
    tolerance_bytes: int = 0
    learned_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRange:
    """Tokens a second as they were planned, with the interval they were expected in."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedReading:
    """`tokens` that were read, or generated one by one, after `depth` were in the cache already.

    `seconds_a_token` is the median of `repeats` readings, `spread` how far that may be off (one deviation), as a share
    of it; of one reading alone nobody knows, and 0.05 is taken. A generated token's `depth` is that of the middle one.
    `planned` is None where the plan does not say.
    """

    depth: int
    tokens: int
    repeats: int
    seconds_a_token: float
    spread: float
    planned: PlannedRange | None = None

    @property
    def tok_s(self) -> float:
        """Tokens a second."""
        return 1 / self.seconds_a_token


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTerm:
    """One addend of the seconds that the plan says a generated token takes, by its name there."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWork:
    """What one device does for a generated token, as the plan counts it. `card` as in `BufferReading`.

    `weights_read_bytes` are those of the experts that a token uses, the others left out; `cache_read_bytes` are a token
    of depth. `expert_layers` are those of `layers` whose experts it computes, and on the host also those of the layers
    that are on cards.
    """

    device: str
    card: int | None
    layers: int
    expert_layers: int
    weights_read_bytes: int
    cache_read_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerReading:
    """What was drawn on average while the readings were taken; `source` says which counters (hardware/energy.py)."""

    watts: float
    seconds: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One model file under one setting on one machine, planned and measured.

    `speed_terms` are the plan's for a token generated at the first depth of `decode`. `work` is what each device does
    for it, and `disk_bytes` are read from the file besides. `streamed_bytes` are weights in host memory that are copied
    to a card for each micro-batch of a prompt.
    `prefill` and `decode` are by rising depth. `load_s` is from the file to a context that is ready, with whatever of
    the file was in the page cache. `host_resident_bytes` is what the process held of main memory besides pages of
    files.
    """

    schema: Literal["r1plan.measurement/1"] = SCHEMA
    measured_at: datetime
    r1plan: str
    machine: MachineIdentity
    engine: EngineIdentity
    file: FileIdentity
    settings: LoadSettings
    layout: str
    buffers: tuple[BufferReading, ...] = ()
    prefill: tuple[SpeedReading, ...] = ()
    decode: tuple[SpeedReading, ...] = ()
    speed_terms: tuple[PlannedTerm, ...] = ()
    work: tuple[DeviceWork, ...] = ()
    disk_bytes: int = 0
    streamed_bytes: int = 0
    load_s: float
    host_resident_bytes: int | None = None
    power: PowerReading | None = None
    disturbances: tuple[Disturbance, ...] = ()
