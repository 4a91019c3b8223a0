"""What the planner answers with for vLLM: options, the chosen one first, and every rejected one with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.llamacpp.option import RunningCost
from r1plan.plan.quality import Quality
from r1plan.plan.speed import Speed
from r1plan.plan.vllm.memory import GpuBudget, VllmSettings
from r1plan.plan.vllm.weights import Dtype, Parallel
from r1plan.plan.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmPins:
    """What the person has fixed. `users` are requests at once; `context` is that of each, in tokens."""

    model: str | None = None
    dtype: str | None = None
    context: int | None = None
    users: int = 1
    settings: VllmSettings = field(default_factory=VllmSettings)

    @property
    def one_option(self) -> bool:
        """Whether model and type are both fixed, so that exactly this option is asked about."""
        return self.model is not None and self.dtype is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmOption:
    """One model at one type of weights, shared out over the GPUs. All GPUs hold the same, `memory` each.

    `context` is what each user may have, `context_max` the most that each of `users_wanted` could; `users` is how many
    of `context` the cache holds. `speed` is one user's while `users_wanted` are served.
    """

    model: Model
    dtype: Dtype
    parallel: Parallel
    settings: VllmSettings
    gpus: tuple[GpuDevice, ...]
    memory: GpuBudget
    context: int
    context_max: int
    users: int
    users_wanted: int
    speed: Speed
    quality: Quality
    cost: RunningCost
    reason: str = ""

    @property
    def id(self) -> str:
        """`DeepSeek-R1-0528:FP8`."""
        return f"{self.model.id}:{self.dtype}"

    @property
    def fits(self) -> bool:
        """Whether vLLM starts and holds the wanted users."""
        return self.memory.starts and self.users >= self.users_wanted

    @property
    def tok_s(self) -> float:
        """What each user gets."""
        return self.speed.decode[0].tok_s.mid


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmRejection:
    """An option that is not offered: it lacks memory, is too slow, is refused by vLLM, or ranks lower.

    `shortfall_bytes` is what all its GPUs lack together, and `tok_s` how fast it would be; None for other reasons.
    """

    id: str
    why: Literal["memory", "slow", "refused", "behind"]
    reason: str
    shortfall_bytes: int | None = None
    tok_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmPlan:
    """The answer. `choice` is None when nothing fits; `notes` say what of the machine is left out, and why."""

    machine: Machine
    workload: Workload
    choice: VllmOption | None
    alternatives: tuple[VllmOption, ...]
    rejected: tuple[VllmRejection, ...]
    notes: tuple[str, ...] = ()

    @property
    def nearest_miss(self) -> VllmRejection | None:
        """The fastest of the too slow, else what lacks the least memory, else the first that is refused."""
        slow = [each for each in self.rejected if each.why == "slow"]
        if slow:
            return max(slow, key=lambda each: each.tok_s or 0.0)
        short = [each for each in self.rejected if each.why == "memory"]
        refused = next((each for each in self.rejected if each.why == "refused"), None)
        return min(short, key=lambda each: each.shortfall_bytes or 0, default=refused)
