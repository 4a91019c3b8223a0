"""Which NVIDIA devices CUDA_VISIBLE_DEVICES leaves to this process, and in which order.

The rules are the CUDA C++ Programming Guide's ("CUDA environment variables"): entries are numbers, or starts of the
UUIDs of cards or MIG slices; the list ends at the first entry that names nothing; one that names a device twice leaves
none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from r1plan.hardware.found import FoundGpu, ProbeResult


@dataclass(frozen=True, slots=True)
class Card:
    """A card as CUDA counts it: its number, its UUID, and its devices (itself, or its MIG slices) with theirs.

    `devices` is empty for a card that does not answer, which keeps its number.
    """

    number: int
    uuid: str
    devices: tuple[tuple[str, FoundGpu], ...]


def visible(cards: Sequence[Card], environ: Mapping[str, str]) -> ProbeResult:
    """The devices that `environ` leaves of `cards`, with a note when it hides some."""
    everything = [found for card in cards for _, found in card.devices]
    wanted = environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return ProbeResult(tuple(everything))
    entries = [each.strip() for each in wanted.split(",")]
    chosen: dict[str, list[FoundGpu]] = {}
    for entry in entries:
        named = _named(entry, cards)
        if named is None:
            break
        if named[0] in chosen:
            chosen = {}
            break
        chosen[named[0]] = named[1]
    gpus = tuple(found for devices in chosen.values() for found in devices)

    notes = []
    if len(gpus) < len(everything):
        hidden = len(everything) - len(gpus)
        notes.append(f"CUDA_VISIBLE_DEVICES='{wanted}' hides {hidden} of {len(everything)} NVIDIA devices.")
    mixed = len({found.sheet_name for found in everything}) > 1
    if mixed and any(each.isdigit() for each in entries) and environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        notes.append(
            "CUDA numbers different cards fastest first, nvidia-smi by slot; CUDA_VISIBLE_DEVICES was read by slot. "
            "Set CUDA_DEVICE_ORDER=PCI_BUS_ID to make them agree."
        )
    return ProbeResult(gpus, tuple(notes))


def _named(entry: str, cards: Sequence[Card]) -> tuple[str, list[FoundGpu]] | None:
    """The card or slice that `entry` names, as a key that is the same for each of its names, and its devices."""
    for card in cards:
        by_number = entry.isdigit() and card.number == int(entry)
        if by_number or (entry.startswith("GPU-") and card.uuid.startswith(entry)):
            return f"card {card.number}", [found for _, found in card.devices]
        if entry.startswith("MIG-"):
            for uuid, found in card.devices:
                if uuid.startswith(entry):
                    return uuid, [found]
    return None
