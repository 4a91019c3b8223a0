"""The row of each architecture. One without a row does not type-check, and one without a name is refused by name."""

from __future__ import annotations

from functools import lru_cache
from typing import assert_never

from r1plan.catalog.model import Architecture, Shape
from r1plan.errors import EngineError
from r1plan.models.unplanned import unplanned
from r1plan.plan.arch.deepseek2 import DEEPSEEK2
from r1plan.plan.arch.deepseek4 import DEEPSEEK4
from r1plan.plan.arch.deepseek32 import DEEPSEEK32
from r1plan.plan.arch.llama import LLAMA
from r1plan.plan.arch.qwen2 import QWEN2
from r1plan.plan.arch.qwen3 import QWEN3
from r1plan.plan.arch.spec import ArchitectureSpec, ShapePart


def row_of(architecture: Architecture) -> ArchitectureSpec:
    """The row of `architecture`."""
    match architecture:
        case "qwen2":
            return QWEN2
        case "llama":
            return LLAMA
        case "qwen3":
            return QWEN3
        case "deepseek2":
            return DEEPSEEK2
        case "deepseek32":
            return DEEPSEEK32
        case "deepseek4":
            return DEEPSEEK4
        case "deepseek41":
            message, hint = unplanned(architecture) or ("", None)
            raise EngineError(message, hint)
    assert_never(architecture)


@lru_cache(maxsize=64)
def spec_of(architecture: Architecture, shape: Shape) -> ArchitectureSpec:
    """The row of `architecture`, for a model of this shape.

    Raises EngineError where the shape has or lacks a part that the architecture lacks or has: no byte is guessed.
    """
    row = row_of(architecture)
    has: dict[ShapePart, bool] = {
        "latent_attention": shape.latent_attention is not None,
        "windowed_attention": shape.windowed_attention is not None,
        "indexer": shape.indexer is not None,
        "experts": shape.experts is not None,
    }
    for part, there in has.items():
        words = part.replace("_", " ")
        if there and part not in row.needs | row.takes:
            raise EngineError(f"a model of the architecture '{architecture}' with {words} is not known.", _HINT)
        if not there and part in row.needs:
            raise EngineError(f"a model of the architecture '{architecture}' without {words} is not known.", _HINT)
    return row


_HINT = "r1plan would have to guess its bytes; choose a model of the R1 family"
