"""The cards of a machine that can serve together, and what of a card a server's choices depend on."""

from __future__ import annotations

from typing import Literal

from r1plan.errors import UsageError
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.reasons import LeastFreeCounts, Note, UnequalCards

Generation = Literal["blackwell", "hopper", "other nvidia", "amd", "other"]

# Of a card the driver keeps 0.4 % (H200) to 1.5 % (consumer cards) from every process, and servers count without that.
# More than this missing is taken for memory that something else holds.
_RESERVED_MOST = 0.015


def equal_gpus(machine: Machine, engine: str) -> tuple[tuple[GpuDevice, ...], tuple[Note, ...]]:
    """The cards that can serve together, the one with the least memory first, and what to say of the others.

    Raises UsageError, which names `engine`, when there is none.
    """
    cards = [gpu for gpu in machine.gpus if gpu.vendor in ("nvidia", "amd", "unknown") and not gpu.mig]
    cards = cards or [gpu for gpu in machine.gpus if gpu.mig][:1]  # slices cannot work together
    if not cards:
        what = f"{machine.gpus[0].name} is none" if machine.gpus else "the machine has none"
        raise UsageError(
            f"--engine {engine} needs NVIDIA or AMD cards, and {what}.",
            "--engine llama.cpp runs on Apple chips and CPUs",
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
    return tuple(equal), tuple(notes)


def generation_of(gpu: GpuDevice) -> Generation:
    """The kind of card as far as an engine's choices depend on it."""
    if gpu.vendor != "nvidia":
        return "amd" if gpu.vendor == "amd" else "other"
    name = (gpu.profile or gpu.name).casefold()
    major = int((gpu.compute_capability or "0").split(".")[0])
    if major >= 10 or any(each in name for each in ("b200", "b300", "rtx-50", "rtx 50", "blackwell", "gb10")):
        return "blackwell"
    hopper = any(each in name for each in ("h100", "h200", "h20", "h800", "gh200"))
    return "hopper" if major == 9 or hopper else "other nvidia"


def cuda_total_bytes(gpu: GpuDevice) -> int:
    """What CUDA reports as the card's memory: all but the driver's own share."""
    return max(gpu.free_bytes, round(gpu.total_bytes * (1 - _RESERVED_MOST)))
