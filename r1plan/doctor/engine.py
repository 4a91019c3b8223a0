"""The engine on this machine: whether llama.cpp is there, and whether it was built for the cards that are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from r1plan.doctor.build.cuda import capability
from r1plan.doctor.build.offer import BuildOffer
from r1plan.doctor.state import State
from r1plan.engine.local.build import LlamaBuild
from r1plan.hardware.machine import GpuDevice

# What a card of each maker can be used with, as llama.cpp names it.
_BACKENDS: Mapping[str, tuple[str, ...]] = {
    "nvidia": ("CUDA", "Vulkan"),
    "amd": ("ROCm", "HIP", "Vulkan"),
    "intel": ("SYCL", "Vulkan"),
    "apple": ("Metal", "MTL"),
}
_ARCHITECTURES = re.compile(r"CUDA : ARCHS = ([\d,]+)")


@dataclass(frozen=True, slots=True)
class InstalledEngine:
    """What is installed of llama.cpp, the cards that are here, and the build for them; `offer` None: nobody asked.

    `driver_cuda` is the CUDA that NVIDIA's driver runs at most. `library` is where a library lies that the build could
    not find, a folder and a file.
    """

    build: LlamaBuild
    cards: tuple[GpuDevice, ...]
    offer: BuildOffer | None = None
    driver_cuda: tuple[int, int] | None = None
    library: tuple[str, str] | None = None

    @property
    def unused_card(self) -> GpuDevice | None:
        """A card that this build cannot use; None: there is none."""
        if self.build.state != "loads":
            return None
        known = {each.casefold() for each in self.build.backends}
        for card in self.cards:
            fitting = {each.casefold() for each in _BACKENDS.get(card.vendor, ())}
            if not (fitting & known if known else self.build.offloads):
                return card
        return None

    @property
    def other_architecture(self) -> GpuDevice | None:
        """A card of NVIDIA's that is older than all that this build was compiled for; None: there is none."""
        built = self.cuda_architectures
        if self.build.state != "loads" or not built or "vulkan" in {each.casefold() for each in self.build.backends}:
            return None
        older = (each for each in self.cards if (found := capability(each)) is not None and found < min(built))
        return next(older, None)

    @property
    def finds_no_card(self) -> bool:
        """Whether it was built for the cards here and yet finds none, as one does that is newer than their driver."""
        return bool(self.cards) and self.build.cards == 0 and self.build.state == "loads" and self.unused_card is None

    @property
    def cuda_architectures(self) -> tuple[int, ...]:
        """The compute capabilities that this build was compiled for, 89 for 8.9; empty where it does not say."""
        said = _ARCHITECTURES.search(self.build.features)
        return tuple(int(each) // 10 for each in said[1].split(",") if each) if said else ()

    @property
    def wants_build(self) -> bool:
        """Whether another build would do more here."""
        unfit = self.unused_card is not None or self.other_architecture is not None or self.finds_no_card
        return self.build.state != "loads" or unfit

    @property
    def state(self) -> State:
        """Broken where it is installed and cannot be loaded: providers answer without it, so its absence is a note."""
        if self.build.state == "fails":
            return "broken"
        return "note" if self.wants_build else "ok"
