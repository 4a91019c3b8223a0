"""The cards of a machine that can serve together, and what of a card a server's choices depend on."""

from __future__ import annotations

from collections.abc import Sequence

from r1plan.errors import NothingFits
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.reasons import CapabilityUnknown, LeastFreeCounts, MachinesAssumed, Note, UnequalCards
from r1plan.plan.serving.capability import capability_of
from r1plan.plan.serving.sharding import Hosts

# Of a card the driver keeps 0.4 % (H200) to 1.5 % (consumer cards) from every process, and servers count without that.
# More than this missing is taken for memory that something else holds.
_RESERVED_MOST = 0.015

_MOST_CARDS_A_MACHINE = 8
# Cards that are sold with their processor: GH200 one, the trays of an NVL72 four.
_CARDS_OF_SUPERCHIPS = (("gh200", 1), ("gb200", 4), ("gb300", 4))


class NoCards(NothingFits):
    """The machine has no card that an engine of this kind runs on."""


def equal_gpus(machine: Machine, engine: str) -> tuple[tuple[GpuDevice, ...], tuple[Note, ...]]:
    """The cards that can serve together, the one with the least memory first, and what to say of the others.

    Raises NoCards, which names `engine`, when there is none.
    """
    cards = [gpu for gpu in machine.gpus if gpu.vendor in ("nvidia", "amd", "unknown") and not gpu.mig]
    cards = cards or [gpu for gpu in machine.gpus if gpu.mig][:1]  # slices cannot work together
    if not cards:
        what = f"{machine.gpus[0].name} is none" if machine.gpus else "the machine has none"
        raise NoCards(
            f"--engine {engine} needs NVIDIA or AMD cards, and {what}.",
            "leave out --engine: llama.cpp, which is planned for then, runs on Apple's and Intel's chips and on CPUs.",
        )
    names = [gpu.name for gpu in cards]
    most = max(dict.fromkeys(names), key=names.count)
    notes: list[Note] = []
    if len(set(names)) > 1:
        notes.append(UnequalCards(tuple(dict.fromkeys(name for name in names if name != most))))
    equal = sorted((gpu for gpu in cards if gpu.name == most), key=lambda gpu: (gpu.free_bytes, gpu.index))
    least, largest = equal[0], equal[-1]
    if largest.free_bytes - least.free_bytes > largest.free_bytes // 100:
        notes.append(
            LeastFreeCounts(
                least_gpu=least.index,
                least_bytes=least.free_bytes,
                largest_gpu=largest.index,
                largest_bytes=largest.free_bytes,
            )
        )
    if not capability_of(least).known:
        notes.append(CapabilityUnknown(least.name))
    return tuple(equal), tuple(notes)


def hosts_of(cards: Sequence[GpuDevice], machine: Machine, pinned: int | None) -> tuple[Hosts, tuple[Note, ...]]:
    """How many machines `cards` stand in, and what to say of that; `pinned` is how many stand in one.

    A machine that was detected is one. Of a described one nothing was said, so that eight cards at most, what boards
    and servers take, are assumed to stand in one. What does not make a whole machine more is left over.
    """
    most = pinned or (len(cards) if machine.origin != "described" else _most_in_one(cards[0]))
    if len(cards) <= most:
        return Hosts(1, len(cards)), ()
    each = pinned or next((size for size in (most, 4, *range(most - 1, 4, -1)) if len(cards) % size == 0), most)
    machines, left_over = divmod(len(cards), each)
    note = MachinesAssumed(machines, each, left_over, assumed=pinned is None)
    return Hosts(machines, each), (note,)


def _most_in_one(gpu: GpuDevice) -> int:
    """The most cards that stand in one machine."""
    name = (gpu.profile or gpu.name).casefold()
    if gpu.unified:
        return 1
    return next((cards for start, cards in _CARDS_OF_SUPERCHIPS if name.startswith(start)), _MOST_CARDS_A_MACHINE)


def cuda_total_bytes(gpu: GpuDevice) -> int:
    """What CUDA reports as the card's memory: all but the driver's own share."""
    return max(gpu.free_bytes, round(gpu.total_bytes * (1 - _RESERVED_MOST)))
