"""What a layout that does not fit lacks, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence

from r1plan.plan.memory import DeviceMemory
from r1plan.units import GIB


def missing(failed: Sequence[tuple[DeviceMemory, ...]]) -> tuple[str, int, int]:
    """What the first and the least bad failed layout lack: reason, shortfall and need in bytes."""
    least = min(failed, key=shortfall_bytes)
    said = [lack(memory) for memory in (failed[0], least)]
    differ = said[0][0] != said[1][0]
    reason = "; or ".join(text for _, text in said) if differ else said[1][1]
    return reason, shortfall_bytes(least), sum(device.total_bytes for device in least)


def shortfall_bytes(memory: tuple[DeviceMemory, ...]) -> int:
    """How many bytes all devices together lack."""
    return sum(max(device.device.margin_bytes - device.spare_bytes, 0) for device in memory)


def lack(memory: tuple[DeviceMemory, ...]) -> tuple[str, str]:
    """Where memory is short, and `needs 23.4 GiB on the GPU, 21.9 free`."""
    cards = [device for device in memory if device.device.kind == "gpu"]
    if any(not device.fits for device in cards):
        need, room = sum(card.total_bytes for card in cards), sum(_room(card) for card in cards)
        if need > room:
            where = "the GPU" if len(cards) == 1 else f"{len(cards)} GPUs"
            return where, f"needs {need / GIB:.1f} GiB on {where}, {room / GIB:.1f} free"
    short = max(memory, key=lambda device: device.total_bytes - _room(device))
    where = {"gpu": short.device.name, "host": "RAM", "unified": "unified memory", "disk": "disk"}[short.device.kind]
    return where, f"needs {short.total_bytes / GIB:.1f} GiB of {where}, {_room(short) / GIB:.1f} free"


def _room(memory: DeviceMemory) -> int:
    return max(memory.device.free_bytes - memory.device.margin_bytes, 0)
