"""One model at one type of weights, shared out over GPUs that serve it."""

from __future__ import annotations

from dataclasses import dataclass, field

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.energy import RunningCost
from r1plan.plan.quality import Quality
from r1plan.plan.reasons import Standing
from r1plan.plan.serving.budget import GpuBudget, ServedKv
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.speed import Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How the server is started. None: the engine's own default, which may depend on the card."""

    kv_type: ServedKv = "bf16"
    utilization: float | None = None
    batched_tokens: int | None = None
    sequences: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingPins:
    """What the person has fixed. `users` are requests at once; `context` is that of each, in tokens."""

    model: str | None = None
    dtype: str | None = None
    context: int | None = None
    users: int = 1
    settings: ServerSettings = field(default_factory=ServerSettings)

    @property
    def one_option(self) -> bool:
        """Whether model and type are both fixed, so that exactly this option is asked about."""
        return self.model is not None and self.dtype is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingOption:
    """What would be served, and how. All GPUs hold the same, `memory` each.

    `context` is what each user may have, `context_max` the most that each of `users_wanted` could; `users` is how many
    of `context` the cache holds. `speed` is one user's while `users_wanted` are served.
    """

    model: Model
    dtype: Dtype
    parallel: Parallel
    settings: ServerSettings
    gpus: tuple[GpuDevice, ...]
    memory: GpuBudget
    context: int
    context_max: int
    users: int
    users_wanted: int
    speed: Speed
    quality: Quality
    cost: RunningCost
    why: Standing | None = None

    @property
    def id(self) -> str:
        """`DeepSeek-R1-0528:FP8`."""
        return f"{self.model.id}:{self.dtype}"

    @property
    def quant_name(self) -> str:
        """`FP8`."""
        return self.dtype

    @property
    def fits(self) -> bool:
        """Whether the server starts and holds the wanted users."""
        return self.memory.starts and self.users >= self.users_wanted

    @property
    def tok_s(self) -> float:
        """What each user gets."""
        return self.speed.decode[0].tok_s.mid
