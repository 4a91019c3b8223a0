"""What the planner answers with: options, the chosen one first, and every rejected one with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from r1plan.catalog.model import Model, Quant
from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.memory.buffers import EngineSettings
from r1plan.plan.llamacpp.memory.parts import Basis, DeviceMemory
from r1plan.plan.llamacpp.placement import Placement
from r1plan.plan.quality import Quality
from r1plan.plan.speed import Speed
from r1plan.plan.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCost:
    """Electricity of the graphics cards in use, at their power limits. None where a card's limit is unknown."""

    usd_per_mtok_output: Decimal | None
    usd_per_month: Decimal | None
    basis: Basis | None
    watts: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One model at one quant, laid out on the machine. `reason` says why it stands where it does.

    `context_max` is the largest context a slot could have; `memory` is at `context`. `full_at` has each device that the
    context fills, with the context at which it is full, the tightest first.
    `not_on_gpu` says in numbers why part of it is in host memory although there are cards.
    """

    model: Model
    quant: Quant
    settings: EngineSettings
    placement: Placement
    context: int
    context_max: int
    full_at: tuple[tuple[str, int], ...]
    memory: tuple[DeviceMemory, ...]
    speed: Speed
    quality: Quality
    cost: RunningCost
    score: float
    not_on_gpu: str | None = None
    reason: str = ""

    @property
    def id(self) -> str:
        """`R1-Distill-Qwen-32B:Q4_K_M`."""
        return option_id(self.model, self.quant)

    @property
    def fits(self) -> bool:
        """Whether every device keeps its margin."""
        return all(device.fits for device in self.memory)

    @property
    def tok_s(self) -> float:
        """Tokens a second in the middle of a typical answer."""
        return self.speed.decode[0].tok_s.mid

    @property
    def on_gpus_alone(self) -> bool:
        """Whether every layer is on a card."""
        return self.placement.layout in ("gpu", "gpu-split", "unified")

    @property
    def needed_bytes(self) -> int:
        """Everything on all devices, but for what stays on disk."""
        return sum(device.total_bytes for device in self.memory if device.device.kind != "disk")

    @property
    def disk_bytes(self) -> int:
        """Experts that find no room in memory and are read from disk for each token that needs them."""
        return sum(device.total_bytes for device in self.memory if device.device.kind == "disk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An option that is not offered.

    `shortfall_bytes` is what was missing, None when memory was not the reason; `tok_s` is set when speed was, and
    `disk_tok_s` when it is too slow with what memory lacks read from disk.
    """

    id: str
    reason: str
    shortfall_bytes: int | None = None
    needed_bytes: int | None = None
    tok_s: float | None = None
    disk_tok_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The answer for a machine and a workload. `choice` is None when nothing fits."""

    machine: Machine
    workload: Workload
    choice: Option | None
    alternatives: tuple[Option, ...]
    rejected: tuple[Rejection, ...]


def option_id(model: Model, quant: Quant) -> str:
    """How an option is called everywhere."""
    return f"{model.id}:{quant.name}"


def nearest_to_fitting(rejected: tuple[Rejection, ...]) -> Rejection | None:
    """When nothing is left: the fastest of the too slow, else the one that needs the least memory."""
    slow = [each for each in rejected if each.tok_s is not None]
    if slow:
        return max(slow, key=lambda each: each.tok_s or 0.0)
    large = [each for each in rejected if each.needed_bytes is not None]
    return min(large, key=lambda each: each.needed_bytes or 0, default=None)
