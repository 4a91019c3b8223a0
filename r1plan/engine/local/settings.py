"""How a model file is laid out in memory when it is loaded: llama.cpp's own settings, each by its meaning."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_CONTEXT_TOKENS = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """What llama.cpp is told when it loads a file and sets up its context.

    `gpu_layers` counts the output head as one more; None: all, where this build can use a card. `tensor_split` is in
    layers a card, in the engine's order of cards; empty: as the engine cuts. The experts of the first
    `experts_on_host` layers, those without experts counted too, stay in host memory. Without `uses_cards` no card is
    touched: otherwise one without layers calculates prompts too. `mapped`: host weights are pages of the file.
    `threads` generate and `batch_threads` read prompts; None: one for each core that may be used.
    """

    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    gpu_layers: int | None = None
    tensor_split: tuple[int, ...] = ()
    experts_on_host: int = 0
    uses_cards: bool = True
    kv_type: str = "f16"
    flash_attn: bool = True
    n_batch: int = 512
    n_ubatch: int = 512
    mapped: bool = True
    threads: int | None = None
    batch_threads: int | None = None
