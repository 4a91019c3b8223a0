"""llama.cpp in this process, through llama-cpp-python, which is imported only when a model is loaded.

What stands here is imported when it is first asked for: settings are values, and others read them without an engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1plan.engine.chat import THINKING_CLOSED
    from r1plan.engine.local.chat import LocalEngine
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
_MODULES = {
    "answered": ("THINKING_CLOSED",),
    "chat": ("LocalEngine",),
    "llama.library": ("uses_gpu",),
    "load": ("OutOfMemory", "usable_cores"),
    "settings": ("DEFAULT_CONTEXT_TOKENS", "LoadSettings"),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
