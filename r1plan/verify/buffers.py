"""The memory that was planned for each device, held against what the engine allocated and the card lost. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from r1plan.measurements.measurement import BufferReading, MeasuredTerm
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.memory.parts import Device, DeviceMemory
from r1plan.units import KIB, MIB
from r1plan.verify.allocated import Allocated

# An exact figure may be off by what the log rounds and pads away; any other by what the plan claims of it.
_EXACT_SHARE, _EXACT_BYTES = 0.001, 64 * KIB
_SHARE, _BYTES = 0.015, 100 * MIB
_PROCESS_BYTES = 200 * MIB
_TERMS: tuple[MeasuredTerm, ...] = ("weights", "kv_cache", "compute", "output")


def buffer_readings(
    memory: Sequence[DeviceMemory],
    found: Sequence[Allocated],
    weights: Weights,
    cards: Sequence[str],
    lost_bytes: Mapping[int, int],
    process_bytes: int | None,
) -> tuple[BufferReading, ...]:
    """A reading for each term of each device of the plan.

    `cards` are the engine's names of its cards, in the order in which the plan counts them. `lost_bytes` is what a card
    has less than before, buffers and all, where its driver says that; `process_bytes` what this process held of main
    memory before the model was loaded.
    """
    measured = _measured(found, weights, cards)
    readings: list[BufferReading] = []
    in_one = all(each.device.kind != "host" for each in memory)
    disk_bytes = sum(each.total_bytes for each in memory if each.device.kind == "disk")
    for each in memory:
        device = each.device
        if device.kind == "disk":
            continue
        card = device.gpu_index if device.kind != "host" else None
        here = {None, card} if in_one else {card}
        buffers = {term: _sum(measured, here, term) for term in _TERMS}
        from_disk = disk_bytes if device.kind == "host" else 0
        readings += [_buffer(each, term, card, buffers[term], from_disk) for term in _TERMS]
        readings.append(_overhead(each, card, buffers, lost_bytes, process_bytes))
    return tuple(readings)


def _measured(
    found: Sequence[Allocated], weights: Weights, cards: Sequence[str]
) -> dict[tuple[int | None, MeasuredTerm], int]:
    measured: dict[tuple[int | None, MeasuredTerm], int] = {}
    for each in found:
        key = (None if each.device is None else _place(each.device, cards), each.term)
        measured[key] = measured.get(key, 0) + each.size_bytes
    on_cards = sum(size for (card, term), size in measured.items() if card is not None and term == "weights")
    on_host = [each for each in found if each.device is None and each.term == "weights"]
    # Mapped pages are told from the first tensor that is needed to the last, with those of cards in between, and beside
    # copies in another layout: what lies here is what lies nowhere else.
    if any(each.is_mapped for each in on_host) and (on_cards or len(on_host) > 1):
        twice = weights.embedding_bytes if weights.tied and on_cards else 0
        measured[None, "weights"] = max(0, weights.total_bytes + twice - on_cards)
    return measured


def _place(name: str, cards: Sequence[str]) -> int:
    if name in cards:
        return list(cards).index(name)
    digits = re.search(r"\d+$", name)
    return int(digits[0]) if digits else 0


def _sum(
    measured: Mapping[tuple[int | None, MeasuredTerm], int], cards: set[int | None], term: MeasuredTerm
) -> int | None:
    found = [size for (card, each), size in measured.items() if card in cards and each == term]
    return sum(found) if found else None


def _buffer(
    memory: DeviceMemory, term: MeasuredTerm, card: int | None, measured: int | None, disk_bytes: int
) -> BufferReading:
    part = next((each for each in memory.parts if each.term == term), None)
    if part is None:
        return BufferReading(
            device=memory.device.name, card=card, term=term, planned_bytes=None, measured_bytes=measured
        )
    planned = part.size_bytes + (disk_bytes if term == "weights" else 0)
    exact = part.basis == "exact"
    share, least = (_EXACT_SHARE, _EXACT_BYTES) if exact else (_SHARE, _BYTES)
    return BufferReading(
        device=memory.device.name,
        card=card,
        term=term,
        planned_bytes=planned,
        # What llama.cpp does not tell of it did not allocate.
        measured_bytes=measured or 0,
        basis=part.basis,
        tolerance_bytes=max(round(planned * share), least),
    )


def _overhead(
    memory: DeviceMemory,
    card: int | None,
    buffers: Mapping[MeasuredTerm, int | None],
    lost_bytes: Mapping[int, int],
    process_bytes: int | None,
) -> BufferReading:
    device, measured = memory.device, process_bytes if card is None else None
    if card is not None and card in lost_bytes and device.kind == "gpu":
        measured = max(0, lost_bytes[card] - sum(size or 0 for size in buffers.values()))
    part = next(each for each in memory.parts if each.term == "overhead")
    return BufferReading(
        device=device.name,
        card=card,
        term="overhead",
        planned_bytes=part.size_bytes,
        measured_bytes=measured,
        basis=part.basis,
        tolerance_bytes=_overhead_tolerance(device),
        learned_bytes=device.learned_bytes,
    )


def _overhead_tolerance(device: Device) -> int:
    return _PROCESS_BYTES if device.kind != "gpu" else max(_BYTES, device.uncertain_bytes)
