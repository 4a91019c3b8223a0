"""One model at one type of weights, shared out over GPUs that serve it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.quality import Quality
from r1plan.plan.reasons import Standing
from r1plan.plan.serving.budget import GpuBudget, ServedKv
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.speed import Speed


class Computed(NamedTuple):
    """How cards compute a type: `weight_only` ones unpack it to 16 bits; `half` is FP16 where the checkpoint has BF16.

    `half` is also true where nothing else is known to work. `times_as_fast` is the arithmetic over that in 16 bits.
    """

    weight_only: bool
    half: bool
    times_as_fast: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How the server is started. None: the engine's own default, which may depend on the card.

    `sequences` are those of each group of GPUs that has the whole model.
    """

    kv_type: ServedKv = "bf16"
    utilization: float | None = None
    batched_tokens: int | None = None
    sequences: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingPins:
    """What the person has fixed. `users` are requests at once; `context` is that of each, in tokens.

    `cap_users`: no more than these users are let in at once. `cards_a_machine` None: as is usual.
    """

    model: str | None = None
    dtype: str | None = None
    context: int | None = None
    users: int = 1
    cap_users: bool = False
    cards_a_machine: int | None = None
    settings: ServerSettings = field(default_factory=ServerSettings)

    @property
    def one_option(self) -> bool:
        """Whether model and type are both fixed, so that exactly this option is asked about."""
        return self.model is not None and self.dtype is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingOption:
    """What would be served, and how. GPU i belongs to stage i // tensor, and each of a stage holds the same.

    `memory` is that of the fullest stage, whose cache is everyone's limit, `stages` are all; in tensor parallel alone
    there is one.

    `context` is what each user may have, `context_max` the most that each of `users_wanted` could, `wanted_context`
    what holds most answers; `users` is how many of `context` the cache holds. `users_wanted` are all who ask, or those
    of them on one of several such machines. `speed` is one user's while all of `users_wanted` are served.
    """

    model: Model
    dtype: Dtype
    parallel: Parallel
    settings: ServerSettings
    gpus: tuple[GpuDevice, ...]
    memory: GpuBudget
    stages: tuple[GpuBudget, ...]
    computed: Computed
    context: int
    context_max: int
    wanted_context: int
    users: int
    users_wanted: int
    speed: Speed
    quality: Quality
    draw: PowerDraw | None
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
    def gpu_indices(self) -> frozenset[int]:
        """The cards in use, by their indices."""
        return frozenset(gpu.index for gpu in self.gpus)

    @property
    def on_gpus_alone(self) -> bool:
        """Whether all of it is on those cards: a server's always is."""
        return True

    @property
    def tok_s(self) -> float:
        """What each user gets."""
        return self.speed.decode[0].tok_s.mid
