"""The engine on this machine: whether llama.cpp is there, and whether it was built for the cards that are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from r1plan.doctor.state import State
from r1plan.engine.local.build import LlamaBuild
from r1plan.hardware.machine import GpuDevice

# What a card of each maker can be used with, the best first, as llama.cpp names it, and the flag that builds it.
_BACKENDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "nvidia": (("CUDA", "-DGGML_CUDA=on"), ("Vulkan", "-DGGML_VULKAN=on")),
    "amd": (("ROCm", "-DGGML_HIP=on"), ("HIP", "-DGGML_HIP=on"), ("Vulkan", "-DGGML_VULKAN=on")),
    "intel": (("SYCL", "-DGGML_SYCL=on"), ("Vulkan", "-DGGML_VULKAN=on")),
    "apple": (("Metal", "-DGGML_METAL=on"), ("MTL", "-DGGML_METAL=on")),
}


@dataclass(frozen=True, slots=True)
class InstalledEngine:
    """What is installed of llama.cpp, and the cards that are here."""

    build: LlamaBuild
    cards: tuple[GpuDevice, ...]

    @property
    def unused_card(self) -> GpuDevice | None:
        """A card that this build cannot use; None: there is none."""
        if self.build.state != "loads":
            return None
        known = {each.casefold() for each in self.build.backends}
        for card in self.cards:
            fitting = {name.casefold() for name, _flag in _BACKENDS.get(card.vendor, ())}
            if not (fitting & known if known else self.build.offloads):
                return card
        return None

    @property
    def build_flag(self) -> str | None:
        """The argument of CMake that builds it for the first card that is not used; None: the processor alone."""
        card = self.unused_card or (self.cards[0] if self.cards and self.build.state != "loads" else None)
        flags = _BACKENDS.get(card.vendor, ()) if card is not None else ()
        return flags[0][1] if flags else None

    @property
    def state(self) -> State:
        """Broken where it is installed and cannot be loaded: providers answer without it, so its absence is a note."""
        if self.build.state == "fails":
            return "broken"
        return "note" if self.build.state == "absent" or self.unused_card is not None else "ok"
