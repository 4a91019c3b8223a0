"""Main memory bandwidth that can only be assumed: the DIMMs are not readable without root.

The processor's name says how many channels its platform has and how fast the slowest usual memory for it is. Each
layout is a row of profiles/hardware (`cpu_memory`), and a test holds the two together. Names that are not here may be
rows of profiles/hardware/cpus. Where the name says nothing, as in most virtual machines ("AMD EPYC", "Intel Xeon
Processor"), the answer is a desktop's two channels of DDR4-3200.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from r1plan.errors import NotFound, UsageError

if TYPE_CHECKING:
    from r1plan.catalog.hardware import CpuSheet

# Fewer cores than this cannot draw what a server's channels give, and a virtual machine of that size shares them.
SERVER_CORES = 16


class MemoryLayout(NamedTuple):
    """A memory layout: `row` is its id among the catalogue's CPU memories; a channel is 8 bytes wide."""

    row: str
    mt_s: int
    channels: int

    @property
    def gb_s(self) -> float:
        """Theoretical peak in GB/s: MT/s x 8 bytes x channels."""
        return self.mt_s * 8 * self.channels / 1000


DESKTOP = MemoryLayout("ddr4-3200-2ch", 3200, 2)

DDR4_8CH = MemoryLayout("ddr4-3200-8ch", 3200, 8)
_DDR5_4800_8CH = MemoryLayout("ddr5-4800-8ch", 4800, 8)
_DDR5_5200_8CH = MemoryLayout("ddr5-5200-8ch", 5200, 8)

# First match wins. Where a generation takes two speeds, the slower one stands here.
_SERVERS = (
    (r"EPYC 9\w{2}5", MemoryLayout("ddr5-6000-12ch", 6000, 12)),
    (r"EPYC 9\w{2}4", MemoryLayout("ddr5-4800-12ch", 4800, 12)),
    (r"EPYC 7\w{2}[23]", DDR4_8CH),
    (r"Threadripper PRO [79]\d{3}WX", _DDR5_5200_8CH),
    (r"Threadripper PRO [35]\d{3}WX", DDR4_8CH),
    (r"Xeon.* 69\d{2}P", MemoryLayout("ddr5-6400-12ch", 6400, 12)),
    (r"Xeon.* [3-8]5\d{2}", MemoryLayout("ddr5-5600-8ch", 5600, 8)),
    (r"Xeon.* [3-9]4\d{2}", _DDR5_4800_8CH),
    (r"Xeon.* [4-8]3\d{2}", DDR4_8CH),
    (r"AmpereOne", MemoryLayout("ddr5-5200-8ch-ampereone", 5200, 8)),
)
_CLIENTS = (
    (r"Ryzen AI Max", MemoryLayout("lpddr5x-8000-256bit", 8000, 4)),
    (r"Ultra \d 2\d{2}V", MemoryLayout("lpddr5x-8533-128bit", 8533, 2)),
    # Sockets AM5 and LGA1851 take DDR5 only.
    (r"Ryzen \d [79]\d{3}X", MemoryLayout("ddr5-4800-2ch", 4800, 2)),
    (r"Ultra \d 2\d{2}K", MemoryLayout("ddr5-4800-2ch", 4800, 2)),
)


def assumed_layout(cpu_model: str, cores: int) -> MemoryLayout:
    """The layout to assume for a processor of that name of which `cores` may be used.

    It is one socket's: a process on the other one sees little of it.
    """
    return _known_layout(cpu_model, cores) or DESKTOP


def assumed_rate(cpu_model: str, cores: int, sheets: Callable[[], Mapping[str, CpuSheet]]) -> tuple[float, str]:
    """The GB/s to assume for that processor, and the memory that has it, in words.

    It is that of the layouts above, or else what the processor's row among `sheets` gives with the slowest memory that
    it takes. Those are read only where a name may be among them.
    """
    layout = _known_layout(cpu_model, cores)
    if layout is None and re.search(r"\d{3}", cpu_model):
        from r1plan.catalog.match_cpu import find_cpu

        try:
            sheet = find_cpu(sheets(), cpu_model)
        except (NotFound, UsageError):
            sheet = None
        if sheet is not None and (sheet.channels <= 2 or cores >= SERVER_CORES):
            kinds = [(each.bandwidth_gb_s, each.memory_type, each.mt_s) for each in sheet.memory_options]
            kinds.append((sheet.bandwidth_gb_s, sheet.memory_type, sheet.mt_s))
            gb_s, memory_type, mt_s = min(kinds)
            return gb_s, f"{sheet.name}: {sheet.channels} channels of {memory_type}-{mt_s}"
    layout = layout or DESKTOP
    return layout.gb_s, layout.row


def _known_layout(cpu_model: str, cores: int) -> MemoryLayout | None:
    for pattern, layout in _CLIENTS:
        if re.search(pattern, cpu_model, re.IGNORECASE):
            return layout
    if cores >= SERVER_CORES:
        for pattern, layout in _SERVERS:
            if re.search(pattern, cpu_model):
                return layout
    return None
