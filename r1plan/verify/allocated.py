"""What llama.cpp says that it allocated, read from its log (llama-model.cpp, llama-kv-cache.cpp, llama-context.cpp).

A line is "CUDA0 model buffer size = 4403.49 MiB". Two decimals are printed, so each figure is within 5.2 kB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from r1plan.measurements.measurement import MeasuredTerm
from r1plan.units import MIB

PRINTED_BYTES = round(0.005 * MIB)
"""By how much a figure may be off for being rounded."""

_LINE = re.compile(
    r"^\S+?:\s+(?P<buffer>\S+)\s+(?P<kind>model|KV|RS|compute|output) buffer size\s*=\s*(?P<mib>\d+\.\d+) MiB"
)
_TERMS: dict[str, MeasuredTerm] = {
    "model": "weights",
    "KV": "kv_cache",
    "RS": "kv_cache",
    "compute": "compute",
    "output": "output",
}
# What stands behind a device's name in that of a buffer: pages of the file, layouts of their own.
_ENDINGS = re.compile(r"(_Mapped|_REPACK|_Split|_Private|_Shared|_AMX|_HBM|_KLEIDIAI)+$")
_HOST = re.compile(r"CPU|BLAS|AMX|HBM|.*Host$")


class Allocated(NamedTuple):
    """One buffer: `buffer` is llama.cpp's name of it, such as CUDA0 or CPU_Mapped."""

    buffer: str
    term: MeasuredTerm
    size_bytes: int

    @property
    def device(self) -> str | None:
        """llama.cpp's name of the device that it is on; None: in host memory."""
        name = _ENDINGS.sub("", self.buffer)
        return None if _HOST.match(name) else name

    @property
    def is_mapped(self) -> bool:
        """Whether it is pages of the model's file: from the first that is needed to the last, with all between."""
        return "_Mapped" in self.buffer


def allocated(log: Iterable[str]) -> tuple[Allocated, ...]:
    """The buffers of one model and one context, of which llama.cpp told in pieces of lines.

    Weights and caches of one buffer add up; the room to calculate in is what was said last.
    """
    found: dict[tuple[str, MeasuredTerm], int] = {}
    for line in "".join(log).splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            continue
        key = (match["buffer"], _TERMS[match["kind"]])
        size = round(float(match["mib"]) * MIB)
        found[key] = size if key[1] == "compute" else found.get(key, 0) + size
    return tuple(Allocated(buffer, term, size) for (buffer, term), size in found.items())
