"""Which of a machine's cards the engine here can use, and in which order it counts them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from r1plan.hardware.machine import GpuDevice, Machine

# How far two drivers may be apart on the memory of one card: one counts what it keeps for itself, another does not.
_SAME_MEMORY = 0.10


class EngineCard(Protocol):
    """What an engine says of a device: `CUDA0`, `NVIDIA GeForce RTX 4090`, its kind and its memory."""

    @property
    def description(self) -> str:
        """The driver's name for it."""

    @property
    def kind(self) -> Literal["cpu", "gpu", "igpu", "accelerator"]:
        """What it is."""

    @property
    def free_bytes(self) -> int:
        """Memory that nobody has."""

    @property
    def total_bytes(self) -> int:
        """All memory."""


@dataclass(frozen=True, slots=True)
class EngineMachine:
    """A machine with the cards that its engine uses, in the engine's order; None: it uses some that are not known here.

    `cards` is how many it uses, `free_bytes` what is free on them. `unused` names the machine's cards where it uses
    none: its build has no support for them. `crowded` are the cards with who holds their memory, also those that are
    too full to be used.
    """

    machine: Machine | None
    cards: int = 0
    free_bytes: int = 0
    unused: tuple[str, ...] = ()
    crowded: tuple[GpuDevice, ...] = ()


def machine_of_engine(machine: Machine, devices: Iterable[EngineCard]) -> EngineMachine:
    """`machine` as an engine with those `devices` has it.

    CUDA counts cards fastest first and NVML by slot, a build knows the cards of some makers alone, and graphics inside
    the processor are used only where there is no card (llama_prepare_model_devices).
    """
    found = list(devices)
    used = [each for each in found if each.kind == "gpu"] or [each for each in found if each.kind == "igpu"][:1]
    if not used:
        return EngineMachine(replace(machine, gpus=()), unused=tuple(gpu.name for gpu in machine.gpus))
    free = sum(each.free_bytes for each in used)
    matched = _matched(used, machine.gpus)
    if matched is None:
        return EngineMachine(None, len(used), free)
    gpus = tuple(replace(gpu, index=index) for index, gpu in enumerate(matched))
    return EngineMachine(replace(machine, gpus=gpus), len(used), free)


def _matched(used: Sequence[EngineCard], gpus: Sequence[GpuDevice]) -> list[GpuDevice] | None:
    """The machine's card behind each of the engine's; None where one is not known."""
    left, matched = list(gpus), []
    for card in used:
        alike = [gpu for gpu in left if _may_be(card, gpu)]
        if not alike:
            return None
        # Cards of one name differ in what is free: one of them may drive a screen.
        best = min(alike, key=lambda gpu: (not _same_name(card, gpu), abs(gpu.free_bytes - card.free_bytes)))
        left.remove(best)
        matched.append(best)
    return matched


def _may_be(card: EngineCard, gpu: GpuDevice) -> bool:
    if _same_name(card, gpu):
        return True
    return abs(card.total_bytes - gpu.total_bytes) <= _SAME_MEMORY * gpu.total_bytes and not _of_another(card, gpu)


def _same_name(card: EngineCard, gpu: GpuDevice) -> bool:
    theirs, ours = _words(card.description), _words(gpu.name)
    return bool(ours) and bool(theirs) and (ours <= theirs or theirs <= ours)


def _of_another(card: EngineCard, gpu: GpuDevice) -> bool:
    """Whether the card's name is that of another maker."""
    makers = {"nvidia", "amd", "apple", "intel", "qualcomm"}
    said = makers & set(re.findall(r"[a-z]+", card.description.casefold()))
    return bool(said) and gpu.vendor not in said and gpu.vendor != "unknown"


def _words(name: str) -> frozenset[str]:
    """The words of a card's name that tell it from others."""
    plain = re.sub(r"\([^)]*\)", " ", name.casefold())  # "(RADV NAVI31)", "(TM)"
    return frozenset(re.findall(r"[a-z0-9.]+", plain)) - {"nvidia", "geforce", "amd", "apple", "intel", "graphics"}
