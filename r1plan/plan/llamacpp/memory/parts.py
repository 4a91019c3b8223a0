"""What a layout puts on each device, in parts: weights, KV cache, compute buffer, and what the device loses besides.

Everything is linear in the cells of the KV cache, so the largest context is solved for and not searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from r1plan.plan.basis import Basis
from r1plan.plan.llamacpp.memory.linear import LinearBytes

Term = Literal["weights", "kv_cache", "compute", "overhead"]
DeviceKind = Literal["gpu", "host", "unified", "disk"]


@dataclass(frozen=True, slots=True)
class Device:
    """Something that holds memory. `free_bytes` is what a new process may take; `margin_bytes` of it are left alone.

    `cuda`: an NVIDIA card, whose buffers were measured; others are taken as alike. `fixed_overhead_bytes` are known to
    `uncertain_bytes`; `learned_bytes` of them are what measurements of this machine added, or took where negative.
    """

    name: str
    kind: DeviceKind
    capacity_bytes: int
    free_bytes: int
    margin_bytes: int
    fixed_overhead_bytes: int
    gpu_index: int | None = None
    bandwidth_gb_s: float | None = None
    cuda: bool = False
    overhead_basis: Basis = "assumed"
    overhead_why: str = "the process itself"
    uncertain_bytes: int = 0
    learned_bytes: int = 0

    @property
    def room_bytes(self) -> int:
        """What may be filled with buffers and pools."""
        return self.free_bytes - self.margin_bytes - self.fixed_overhead_bytes


class MemoryPart(NamedTuple):
    """One term on one device, with where its figure comes from."""

    term: Term
    size_bytes: int
    basis: Basis
    why: str


class DeviceMemory(NamedTuple):
    """What one device holds, in parts."""

    device: Device
    parts: tuple[MemoryPart, ...]

    @property
    def total_bytes(self) -> int:
        """The sum of the parts."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def buffers_bytes(self) -> int:
        """The parts without what the device loses to any process."""
        return self.total_bytes - self.device.fixed_overhead_bytes

    @property
    def spare_bytes(self) -> int:
        """What stays free; negative when it does not fit."""
        return self.device.free_bytes - self.total_bytes

    @property
    def fits(self) -> bool:
        """Whether the margin is left alone."""
        return self.spare_bytes >= self.device.margin_bytes

    def bytes_of(self, term: Term) -> int:
        """The bytes of one term."""
        return sum(part.size_bytes for part in self.parts if part.term == term)


class DeviceLoad(NamedTuple):
    """What a layout puts on one device, before the context is known. The compute buffer is the highest of `peaks`.

    `droppable_bytes` of the weights may be dropped when memory runs short, and are then read from disk when needed.
    `kv_fixed_bytes` are what the cache takes besides its growth with the context.
    """

    device: Device
    weights_bytes: int
    weights_basis: Basis
    kv_bytes_per_cell: int
    peaks: tuple[LinearBytes, ...]
    compute_basis: Basis
    pools: LinearBytes
    droppable_bytes: int = 0
    kv_fixed_bytes: int = 0
    weights_why: str = "the file's tensors that lie here"
    cache_why: str = ""

    def most_cells(self) -> int | None:
        """The most KV cells that leave the margin alone; None when the context costs nothing here. May be negative."""
        held = self.weights_bytes - self.droppable_bytes + self.kv_fixed_bytes
        room = self.device.room_bytes - held - self.pools.fixed_bytes
        always = self.kv_bytes_per_cell + self.pools.bytes_per_cell
        limits = []
        for peak in self.peaks:
            slope = always + peak.bytes_per_cell
            left = room - peak.fixed_bytes
            if slope:
                limits.append(left // slope)
            elif left < 0:
                limits.append(-1)
        return min(limits) if limits else None

    def cache_at(self, cells: int) -> int:
        """The KV cache of the layers that lie here."""
        return self.kv_fixed_bytes + self.kv_bytes_per_cell * cells

    def dropped_at(self, cells: int) -> int:
        """Bytes of droppable weights that find no room beside `cells` of KV cache."""
        others = self.pools.at(cells) + self.cache_at(cells) + max((p.at(cells) for p in self.peaks), default=0)
        return min(max(self.weights_bytes + others - self.device.room_bytes, 0), self.droppable_bytes)

    def at(self, cells: int) -> DeviceMemory:
        """The parts at `cells` of KV cache."""
        fixed, held = self.device.fixed_overhead_bytes, self.weights_bytes
        if self.droppable_bytes:
            held -= self.dropped_at(cells)
        parts = (
            MemoryPart("weights", held, self.weights_basis, self.weights_why),
            MemoryPart(
                "kv_cache",
                self.cache_at(cells),
                "exact",
                f"{self.kv_bytes_per_cell:,} B a token{self.cache_why}",
            ),
            MemoryPart("compute", max((p.at(cells) for p in self.peaks), default=0), self.compute_basis, "n_ubatch"),
            MemoryPart("overhead", fixed + self.pools.at(cells), self.device.overhead_basis, self.device.overhead_why),
        )
        return DeviceMemory(self.device, parts)
