"""What layouts that do not fit are short of."""

from __future__ import annotations

from collections.abc import Sequence

from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.reasons import NeedsMemory, Shortfall


def needs_memory(failed: Sequence[tuple[DeviceMemory, ...]]) -> NeedsMemory:
    """What the first and the least bad of the failed layouts are short of."""
    least = min(failed, key=shortfall_bytes)
    first, nearest = shortfall_of(failed[0]), shortfall_of(least)
    return NeedsMemory(
        shortfalls=(first, nearest) if first.place != nearest.place else (nearest,),
        shortfall_bytes=shortfall_bytes(least),
        needed_bytes=sum(device.total_bytes for device in least),
    )


def spoken_of(failed: Sequence[tuple[DeviceMemory, ...]]) -> int:
    """Which failed layout `needs_memory` begins with: the least bad one where it is short of what the first is."""
    least = min(range(len(failed)), key=lambda place: shortfall_bytes(failed[place]))
    return least if shortfall_of(failed[0]).place == shortfall_of(failed[least]).place else 0


def shortfall_bytes(memory: tuple[DeviceMemory, ...]) -> int:
    """How many bytes all devices together are short of."""
    return sum(max(device.device.margin_bytes - device.spare_bytes, 0) for device in memory)


def shortfall_of(memory: tuple[DeviceMemory, ...]) -> Shortfall:
    """Where a layout is short of memory: the cards together, else the device that is short of most."""
    cards = [device for device in memory if device.device.kind == "gpu"]
    if any(not device.fits for device in cards):
        needed, room = sum(card.total_bytes for card in cards), sum(_room(card) for card in cards)
        if needed > room:
            return Shortfall(
                kind="cards",
                device="",
                cards=len(cards),
                needed_bytes=needed,
                room_bytes=room,
                context_bytes=sum(card.bytes_of("kv_cache") for card in cards),
                margin_bytes=sum(_margin(card) for card in cards),
                overhead_bytes=sum(card.device.fixed_overhead_bytes for card in cards),
            )
    short = max(memory, key=lambda device: device.total_bytes - _room(device))
    return Shortfall(
        kind=short.device.kind,
        device=short.device.name,
        cards=0,
        needed_bytes=short.total_bytes,
        room_bytes=_room(short),
        context_bytes=short.bytes_of("kv_cache"),
        margin_bytes=_margin(short),
        overhead_bytes=short.device.fixed_overhead_bytes,
    )


def _room(memory: DeviceMemory) -> int:
    return max(memory.device.free_bytes - memory.device.margin_bytes, 0)


def _margin(memory: DeviceMemory) -> int:
    """What is left alone of what is free, which may be less than the margin."""
    return memory.device.free_bytes - _room(memory)
