"""What cards lost between two looks at a machine, and what other processes did on them meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.units import MIB

_MUCH_BYTES = 64 * MIB  # what another process on a card may take or give back meanwhile


def others_changed(before: GpuDevice, after: GpuDevice) -> bool:
    """Whether another process came to a card, went, or took much more or less of it.

    In a container this process has another number than the driver says: the only one that came is taken for it.
    """
    first, last = _held_by_others(before), _held_by_others(after)
    came = last.keys() - first.keys()
    if len(came) == 1 and all(each.pid != os.getpid() for each in after.processes):
        last.pop(came.pop())
    return first.keys() != last.keys() or any(abs(last[pid] - held) > _MUCH_BYTES for pid, held in first.items())


def _held_by_others(card: GpuDevice) -> dict[int, int]:
    return {each.pid: each.used_bytes or 0 for each in card.processes if each.pid != os.getpid()}


def lost_bytes(planned: Sequence[GpuDevice], before: Machine, after: Machine) -> dict[int, int]:
    """What each card of the plan has less than before.

    Where others moved meanwhile it is what the driver says that this process has.
    """
    places = _places(planned, before.gpus)
    lost = {}
    for card, place in enumerate(places):
        if place is None or place >= len(after.gpus) or before.gpus[place].unified:
            continue
        first, last = before.gpus[place], after.gpus[place]
        if first.memory_basis != "measured":
            continue
        own = next((each.used_bytes for each in last.processes if each.pid == os.getpid()), None)
        moved = others_changed(first, last)
        lost[card] = own if moved and own else max(0, first.free_bytes - last.free_bytes)
    return lost


def _places(planned: Iterable[GpuDevice], probed: Sequence[GpuDevice]) -> list[int | None]:
    """Where each card of the plan, which counts as the engine does, stands among those that were probed."""
    left = {place: _looks(each) for place, each in enumerate(probed)}
    places: list[int | None] = []
    for card in planned:
        place = next((place for place, each in left.items() if each == _looks(card)), None)
        if place is not None:
            del left[place]
        places.append(place)
    return places


def _looks(card: GpuDevice) -> tuple[str, int, int, bool]:
    """What of a card is the same however it is counted; two that are alike in it are alike in all that matters here."""
    return card.name, card.total_bytes, card.free_bytes, card.mig
