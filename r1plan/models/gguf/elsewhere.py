"""Architectures that people have files of and that the engine does not load, each with the programs that do.

llama.cpp at build 0c1e57098, which llama-cpp-python 0.3.36 holds (src/llama-arch.cpp); the others by their own notes.
"""

from __future__ import annotations

_HINTS = {
    "deepseek41": "DeepSeek-V4.1: llama-cpp-python 0.3.36 (llama.cpp of 1 October 2026) does not load it; ik_llama.cpp "
    "since September 2026 and ds4 do, and vLLM and SGLang serve its checkpoint",
    "dflash": "it drafts tokens for another model and answers nothing by itself; name that model's file",
}


def elsewhere(architecture: str | None) -> str | None:
    """What to do with a file of that architecture; None where nothing better is known than to take another."""
    return _HINTS.get(architecture or "")
