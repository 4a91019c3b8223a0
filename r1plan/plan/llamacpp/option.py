"""One model at one quant, laid out on the machine for llama.cpp."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.catalog.model import Model, Quant
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.llamacpp.fit.merit import LayoutMerit
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.placement import Placement
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.quality import Quality
from r1plan.plan.reasons import NeedsMemory, Standing
from r1plan.plan.speed import Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What llama.cpp would run, and how. `why` it stands where it does is set once it is chosen or beside the choice.

    `context_max` is the largest context a slot could have; `memory` is at `context`. `full_at` has each device that the
    context fills, with the context at which it is full, the tightest first.
    `merit` is how the layout stands among others of the same quant, `wanted_context` one that holds most answers.
    `not_on_gpu` is why part of it is in host memory although there are cards.
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
    draw: PowerDraw | None
    merit: LayoutMerit
    wanted_context: int
    not_on_gpu: NeedsMemory | None = None
    why: Standing | None = None

    @property
    def id(self) -> str:
        """`R1-Distill-Qwen-32B:Q4_K_M`."""
        return option_id(self.model, self.quant)

    @property
    def quant_name(self) -> str:
        """`Q4_K_M`."""
        return self.quant.name

    @property
    def fits(self) -> bool:
        """Whether every device keeps its margin."""
        return all(device.fits for device in self.memory)

    @property
    def tok_s(self) -> float:
        """Tokens a second in the middle of a typical answer."""
        return self.speed.decode[0].tok_s.mid

    @property
    def gpu_indices(self) -> frozenset[int]:
        """The cards in use, by their indices."""
        return frozenset(each.device.gpu_index for each in self.memory if each.device.gpu_index is not None)

    @property
    def on_gpus_alone(self) -> bool:
        """Whether every layer is on a card."""
        return self.placement.layout in ("gpu", "gpu-split", "unified")

    @property
    def is_mixed(self) -> bool:
        """Whether cards compute a part of it, and the processor another."""
        return bool(self.placement.used_gpus) and not self.on_gpus_alone

    @property
    def needed_bytes(self) -> int:
        """Everything on all devices, but for what stays on disk."""
        return sum(device.total_bytes for device in self.memory if device.device.kind != "disk")

    @property
    def disk_bytes(self) -> int:
        """Experts that find no room in memory and are read from disk for each token that needs them."""
        return sum(device.total_bytes for device in self.memory if device.device.kind == "disk")

    @property
    def in_memory(self) -> bool:
        """Whether it fits with nothing left on disk."""
        return self.fits and not self.disk_bytes


def option_id(model: Model, quant: Quant) -> str:
    """How an option is called everywhere."""
    return f"{model.id}:{quant.name}"
