"""What a card can compute, as its maker counts: compute capability 8.9, gfx1100. Engines' rules speak of these."""

from __future__ import annotations

from typing import Literal, NamedTuple

from r1plan.hardware.machine import GpuDevice, Vendor

# Of these there are logs. Blackwell's workstation and consumer cards are 12.x, and run other kernels.
_HOPPER, _BLACKWELL = 9, 10
Generation = Literal["blackwell", "hopper", "other nvidia", "amd", "other"]


class Capability(NamedTuple):
    """What is known of a card: `cuda` is NVIDIA's (major, minor), `gfx` AMD's target; neither is none of both."""

    vendor: Vendor
    cuda: tuple[int, int] | None = None
    gfx: str | None = None

    @property
    def known(self) -> bool:
        """Whether rules can be looked up for it."""
        return self.cuda is not None or self.gfx is not None or self.vendor not in ("nvidia", "amd", "unknown")

    @property
    def text(self) -> str:
        """As its maker writes it; nothing where it is not known."""
        return self.gfx or (f"{self.cuda[0]}.{self.cuda[1]}" if self.cuda else "")


def capability_of(gpu: GpuDevice) -> Capability:
    """What is known of `gpu`."""
    if gpu.vendor == "amd":
        return Capability("amd", gfx=gpu.gfx)
    major, dot, minor = (gpu.compute_capability or "").partition(".")
    if not (dot and major.isdecimal() and minor.isdecimal()):
        return Capability(gpu.vendor)
    return Capability("nvidia", cuda=(int(major), int(minor)))


def generation_of(gpu: GpuDevice) -> Generation:
    """The kind of card as far as an engine's memory and speed depend on it."""
    capability = capability_of(gpu)
    if capability.vendor in ("nvidia", "amd") and capability.cuda is None:
        return "amd" if capability.vendor == "amd" else "other nvidia"
    if capability.cuda is None:
        return "other"
    major = capability.cuda[0]
    return "blackwell" if major == _BLACKWELL else "hopper" if major == _HOPPER else "other nvidia"
