"""How the next token is chosen of those that a model finds likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from r1plan.engine.local.llama.library import library


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """`temperature` 0 takes the most likely token always. `top_k` 0, `top_p` 1 and `min_p` 0 leave all in.

    `seed` None: llama.cpp draws one.
    """

    temperature: float = 0.6
    top_p: float = 0.95
    # Sorting a whole vocabulary for top_p costs more than it changes: the first 40 hold nearly all of 0.95.
    top_k: int = 40
    min_p: float = 0.0
    seed: int | None = None


class Sampler:
    """llama.cpp's chain of samplers for `sampling`."""

    def __init__(self, sampling: SamplerSettings) -> None:
        functions = library()
        self.chain: Any = functions.llama_sampler_chain_init(functions.llama_sampler_chain_default_params())
        self._free = functions.llama_sampler_free
        parts = []
        if sampling.temperature == 0:
            parts.append(functions.llama_sampler_init_greedy())
        else:
            if sampling.top_k:
                parts.append(functions.llama_sampler_init_top_k(sampling.top_k))
            if sampling.top_p < 1:
                parts.append(functions.llama_sampler_init_top_p(sampling.top_p, 1))
            if sampling.min_p > 0:
                parts.append(functions.llama_sampler_init_min_p(sampling.min_p, 1))
            parts.append(functions.llama_sampler_init_temp(sampling.temperature))
            seed = functions.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed & 0xFFFFFFFF
            parts.append(functions.llama_sampler_init_dist(seed))
        for part in parts:
            functions.llama_sampler_chain_add(self.chain, part)

    def close(self) -> None:
        """Free it."""
        if self.chain is not None:
            self._free(self.chain)
            self.chain = None
