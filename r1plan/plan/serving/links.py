"""How the cards of a server reach one another: a link of their own, or the bus, or the network."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.hardware.machine import GpuDevice
from r1plan.units import GB


class CardLink(NamedTuple):
    """What a card sends the others a second, in one direction; a sum takes `times_as_long` as over NVLink to start."""

    bytes_per_s: float
    times_as_long: float


# NVLink's generations by the first number of the compute capability: 600, 900 and 1,800 GB/s in both directions on
# NVIDIA's sheets of the A100, H100 and B200 (2 x 150 on a V100). AMD's seven links of 64 GB/s (MI300X's sheet).
_NVLINK_BYTES_PER_S = {7: 150 * GB, 8: 300 * GB, 9: 450 * GB, 10: 900 * GB}
_INFINITY_BYTES_PER_S = 448 * GB
# Both ways of a lane's sheet, by generation, of which large copies reach about four fifths.
_LANE_BYTES_PER_S = {3: 0.985 * GB, 4: 1.97 * GB, 5: 3.94 * GB, 6: 7.88 * GB}
_LANES = 16
_SHARE = 0.8
_USUAL_GENERATION = 4
# A sum over the bus starts several copies by way of host memory; assumed.
_BUS_TIMES_AS_LONG = 3.0
# The least bandwidth of a card that is sold on a board with links to the others.
_LINKED_GB_S = 800.0


def link_of(gpu: GpuDevice) -> CardLink:
    """How cards like `gpu` in one machine reach one another."""
    major = (gpu.compute_capability or "").partition(".")[0]
    name = f"{gpu.name} {gpu.profile or ''}".casefold()
    if gpu.vendor == "amd" and (gpu.gfx or "").startswith("gfx9"):
        return CardLink(_INFINITY_BYTES_PER_S, 1.0)
    linked = gpu.gpu_class == "nvidia-datacentre" and (gpu.bandwidth_gb_s or 0) >= _LINKED_GB_S
    if linked and major.isdecimal() and "pcie" not in name and "l40" not in name:
        return CardLink(_NVLINK_BYTES_PER_S.get(int(major), 300 * GB), 1.0)
    lane = _LANE_BYTES_PER_S.get(gpu.pcie_generation or _USUAL_GENERATION, _LANE_BYTES_PER_S[3])
    return CardLink(lane * (gpu.pcie_lanes or _LANES) * _SHARE, _BUS_TIMES_AS_LONG)
