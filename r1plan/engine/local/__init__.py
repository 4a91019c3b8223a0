"""llama.cpp in this process, through llama-cpp-python, which is imported only when a model is loaded."""

from r1plan.engine.local.chat import DEFAULT_CONTEXT_TOKENS, THINKING_CLOSED, LocalEngine
from r1plan.engine.local.load import usable_cores, uses_gpu

__all__ = ["DEFAULT_CONTEXT_TOKENS", "THINKING_CLOSED", "LocalEngine", "usable_cores", "uses_gpu"]
