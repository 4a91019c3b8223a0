"""What a layout that does not fit lacks, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence

from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.units import GIB


def shortfall(failed: Sequence[tuple[DeviceMemory, ...]]) -> tuple[str, int, int]:
    """What the first and the least bad failed layout lack: reason, shortfall and need in bytes."""
    least = min(failed, key=shortfall_bytes)
    said = [lack(memory) for memory in (failed[0], least)]
    differ = said[0][0] != said[1][0]
    reason = "; or ".join(text for _, text in said) if differ else said[1][1]
    return reason, shortfall_bytes(least), sum(device.total_bytes for device in least)


def nearest(failed: Sequence[tuple[DeviceMemory, ...]]) -> int:
    """Which failed layout the reason begins with: the first, but when the least bad one lacks the same, that one."""
    least = min(range(len(failed)), key=lambda place: shortfall_bytes(failed[place]))
    return least if lack(failed[0])[0] == lack(failed[least])[0] else 0


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
            return where, f"needs {need / GIB:.1f} GiB on {where}, {room / GIB:.1f} free" + _context(cards, room)
    short = max(memory, key=lambda device: device.total_bytes - _room(device))
    where = {"gpu": short.device.name, "host": "RAM", "unified": "unified memory", "disk": "disk"}[short.device.kind]
    said = f"needs {short.total_bytes / GIB:.1f} GiB of {where}, {_room(short) / GIB:.1f} free"
    return where, said + _context([short], _room(short))


def _context(short: Sequence[DeviceMemory], room: int) -> str:
    """Says so when the cache alone is more than there is room for."""
    cache = sum(device.bytes_of("kv_cache") for device in short)
    return f" (the context alone takes {cache / GIB:.1f})" if cache > room else ""


def _room(memory: DeviceMemory) -> int:
    return max(memory.device.free_bytes - memory.device.margin_bytes, 0)
