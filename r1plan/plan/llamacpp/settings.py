"""How llama.cpp is started: its settings with their limits and defaults, and the element types of its KV cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from r1plan.plan.pins import KvType, Runtime

# llama.cpp's own default; and what is tried where it leaves too little room.
USUAL_UBATCH = 512
SMALLER_UBATCHES = (256, 128)

# llama-server's default at build 0c1e57098.
SERVER_SLOTS = 4

# LLAMA_MAX_SEQ at build 0c1e57098: llama.cpp refuses a context of more sequences.
MOST_SLOTS = 256


# GGML_SCHED_MAX_COPIES: so often what goes from card to card is there where several micro-batches are computed at once.
PIPELINE_COPIES = 4


class KvElements(NamedTuple):
    """`bytes` hold `elements`, which are one block."""

    bytes: int
    elements: int
    name: str

    @property
    def quantised(self) -> bool:
        """Whether elements share a block."""
        return self.elements > 1

    def bytes_of(self, elements: int) -> int:
        """Bytes of that many elements, whole blocks."""
        return elements * self.bytes // self.elements

    def f16_copy_bytes(self, elements: int) -> int:
        """What a card needs to have them as f16 while it reads a prompt; 0 when they are, or are made so before."""
        return 0 if self in (_F16, _F32) else 2 * elements


_F16 = KvElements(2, 1, "f16")
_F32 = KvElements(4, 1, "f32")
# ggml.h and common/arg.cpp, kv_cache_types, at build 0c1e57098.
KV_TYPES: dict[KvType, KvElements] = {
    "f16": _F16,
    "q8_0": KvElements(34, 32, "q8_0"),
    "q4_0": KvElements(18, 32, "q4_0"),
    "f32": _F32,
    "bf16": KvElements(2, 1, "bf16"),
    "q4_1": KvElements(20, 32, "q4_1"),
    "q5_0": KvElements(22, 32, "q5_0"),
    "q5_1": KvElements(24, 32, "q5_1"),
    "iq4_nl": KvElements(18, 32, "iq4_nl"),
}
# CUDA's flash attention is built for these alone, unless GGML_CUDA_FA_ALL_QUANTS is set (ggml-cuda/CMakeLists.txt).
CUDA_FLASH_TYPES: tuple[KvType, ...] = ("f16", "bf16", "q8_0", "q4_0")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine is started. Each of `slots` has its own cache, or all have `one_cache` for whoever needs it."""

    kv_type: KvType = "f16"
    n_ubatch: int = 512
    slots: int = 1
    flash_attn: bool = True
    runtime: Runtime = "in-process"
    one_cache: bool = False

    @property
    def caches(self) -> int:
        """How many times the context is allocated."""
        return 1 if self.one_cache else self.slots

    @property
    def outputs(self) -> int:
        """Rows of logits kept: a plain context reserves one a token of the micro-batch, llama-server one a slot."""
        return self.n_ubatch if self.runtime == "in-process" else self.slots
