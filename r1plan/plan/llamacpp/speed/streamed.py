"""What a layer of DeepSeek-V4 takes of a card beside what R1's takes: hyper-connections, compressors and an indexer.

Fitted by hand on published readings of V4-Flash, so that each comes within 30 % (the tests have them): ds4 on M3 Max,
M3 Ultra, DGX Spark and RTX PRO 6000 (antirez/ds4 README @8d576642), llama.cpp of August 2026 on 4 x RTX 3090, 4 x RTX
8000 and 3 x R9700. R1's constants alone say twice what cards of NVIDIA and AMD then do.
Where a layer's experts are in main memory, what R1 was seen to take for handing over is as much.
"""

from __future__ import annotations

from typing import NamedTuple


class StreamedLayer(NamedTuple):
    """Seconds more for a layer whose experts are on the card, and for each token that is in the cache."""

    seconds: float
    seconds_a_depth: float


SPREAD = 0.30
"""By how large a share the real time may be off."""
SOURCE = "published readings of V4-Flash, by hand"
_SECONDS = {"apple": 0.05e-3}
_OTHERS_SECONDS = 0.38e-3
# 31 tok/s 50,000 tokens deep where 44 are made at first, on RTX PRO 6000; 18.5 at 64,000 where 23.5 are, on M1 Ultra.
_SECONDS_A_DEPTH = 4.2e-9


def streamed_layer(vendor: str) -> StreamedLayer:
    """Those of a card of `vendor`."""
    return StreamedLayer(_SECONDS.get(vendor, _OTHERS_SECONDS), _SECONDS_A_DEPTH)
