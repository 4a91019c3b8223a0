"""llama.cpp in this process, through llama-cpp-python, which is imported only when a model is loaded."""

from r1plan.engine.local.chat import THINKING_CLOSED, LocalEngine
from r1plan.engine.local.llama.library import uses_gpu
from r1plan.engine.local.load import OutOfMemory, usable_cores
from r1plan.engine.local.settings import DEFAULT_CONTEXT_TOKENS, LoadSettings

__all__ = [
    "DEFAULT_CONTEXT_TOKENS",
    "THINKING_CLOSED",
    "LoadSettings",
    "LocalEngine",
    "OutOfMemory",
    "usable_cores",
    "uses_gpu",
]
