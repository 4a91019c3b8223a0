"""What would break a plan first, and what more room would buy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from r1plan.hardware.machine import GpuProcess
from r1plan.plan.plan import OptionT_co


@dataclass(frozen=True, slots=True, kw_only=True)
class Improvement:
    """How an option is better than the one chosen now; of each pair of figures the new one comes first."""

    instead: tuple[str, str] | None = None
    disk_bytes_fewer: int = 0
    layers_on_gpu: int = 0
    expert_layers_on_gpu: int = 0
    plain_cache: bool = False
    context: int | None = None
    context_max: tuple[int, int] | None = None
    tok_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain(Generic[OptionT_co]):
    """What `extra_bytes` more on `device` would buy: closing `process`, going without a desktop, or adding them.

    `option` is what would then be chosen and `better` how it is better than what is chosen now; both are None when it
    would change nothing.
    """

    device: str
    extra_bytes: int
    process: GpuProcess | None
    option: OptionT_co | None
    better: Improvement | None
    headless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom(Generic[OptionT_co]):
    """The limits of a choice. `full_first` is the device that a longer context fills first, with that context.

    It is None where the model's own longest context fits. `most_slots` is how many slots of the chosen context the same
    layout holds; None where slots share one cache.
    """

    full_first: tuple[str, int] | None
    most_slots: int | None
    gains: tuple[Gain[OptionT_co], ...]
