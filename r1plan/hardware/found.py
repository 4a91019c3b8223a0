"""What a vendor's probe hands to detect.py, which joins it with the data sheets."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.hardware.machine import GpuDevice


class FoundGpu(NamedTuple):
    """A device without its data sheet, and what to look that up by.

    `sheet_name` is the whole card's marketing name and `sheet_bytes` its memory, None when it could not be read.
    `memory_share` and `compute_share` (0 to 1) are what a MIG slice, or one of a card's two dies, has of the card.
    """

    device: GpuDevice
    sheet_name: str
    sheet_bytes: int | None = None
    memory_share: float = 1.0
    compute_share: float = 1.0


class ProbeResult(NamedTuple):
    """What one probe found; `notes` say what it could not find out, and why."""

    gpus: tuple[FoundGpu, ...] = ()
    notes: tuple[str, ...] = ()
