"""r1-tiny: the demonstration model inside the package, so that `r1plan chat` answers with no key, no download, no GPU.

It is not DeepSeek R1. It is a few million parameters in R1's distill shape (Qwen2, R1's chat template, visible
thinking), trained here on text made here; it does small arithmetic and says so when asked for more (MODEL_CARD.md).

operands -> arithmetic, beyond -> dialogue -> training (tokenizer -> train -> export) -> evaluate; only the last two
import anything heavy.
"""

from pathlib import Path

MODEL_PATH = Path(__file__).parent / "r1-tiny-q8_0.gguf"
"""The shipped model, at most 10,000,000 bytes."""
