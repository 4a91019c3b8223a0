"""What a person has fixed, whichever engine is planned for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KvType = Literal["f16", "q8_0", "q4_0", "f32", "bf16", "q4_1", "q5_0", "q5_1", "iq4_nl"]
Runtime = Literal["in-process", "llama-server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What is fixed; None is the planner's to choose. `context` is that of one slot, in tokens.

    `slots` are requests at once. None: one for a plain context; llama-server's own four, which share one cache. Without
    `mapped` (llama.cpp's --no-mmap) weights in host memory belong to the process: none of them can stay on disk.
    `gpu_memory_utilization` is the share of each card that a server takes, `gpus_per_node` the cards of one machine.
    """

    model: str | None = None
    quant: str | None = None
    context: int | None = None
    kv_type: KvType | None = None
    n_ubatch: int | None = None
    slots: int | None = None
    gpu_layers: int | None = None
    experts_on_cpu: bool = False
    flash_attn: bool = True
    runtime: Runtime = "in-process"
    mapped: bool = True
    gpu_memory_utilization: float | None = None
    gpus_per_node: int | None = None

    @property
    def one_option(self) -> bool:
        """Whether model and quant are both fixed, so that exactly this option is asked about."""
        return self.model is not None and self.quant is not None
