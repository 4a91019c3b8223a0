"""r1-tiny as a model of a longer context than it was trained for: for its memory, not for what it says."""

from __future__ import annotations

import struct
from pathlib import Path

from r1plan.tiny import MODEL_PATH

_KEY = b".context_length"
_TYPE_BYTES = 4


def long_model(folder: Path, context_tokens: int = 131072) -> Path:
    """A copy of it in `folder` whose header says so many tokens."""
    data = bytearray(MODEL_PATH.read_bytes())
    struct.pack_into("<I", data, data.index(_KEY) + len(_KEY) + _TYPE_BYTES, context_tokens)
    path = folder / "r1-long.gguf"
    path.write_bytes(data)
    return path
