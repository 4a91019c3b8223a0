"""Architectures that the catalogue knows by name and that nothing is planned for, with the programs that run them.

Sources: vllm-project/recipes PRs 981, 985 and 989 (memory and engram of V4.1-Flash), llama.cpp 0c1e57098
(src/llama-arch.cpp, where there is no deepseek41), antirez/ds4, ikawrakow/ik_llama.cpp.
"""

from __future__ import annotations

from typing import NamedTuple

from r1plan.catalog.model import Architecture


class Unplanned(NamedTuple):
    """Why nothing is planned, as a sentence, and who runs it."""

    message: str
    hint: str


_UNPLANNED: dict[Architecture, Unplanned] = {
    "deepseek41": Unplanned(
        "DeepSeek-V4.1 is not planned for yet: llama.cpp of 1 October 2026 (0c1e57098) does not load its architecture, "
        "deepseek41, and its cache in vLLM is not known well enough.",
        "ik_llama.cpp and ds4 load its GGUFs; vLLM (0.30 or nightly) and SGLang serve its checkpoint on 614 GB of GPU "
        "memory or more, with its engram, 197 GB, in RAM",
    )
}


def unplanned(architecture: Architecture) -> Unplanned | None:
    """Why nothing is planned for models of that architecture; None where something is."""
    return _UNPLANNED.get(architecture)
