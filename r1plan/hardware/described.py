"""A machine that is not here, from what a person says of it, and from nothing else: the same on every computer.

What was not said is assumed (`hardware.assumed`), and the machine lists each figure of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from r1plan.catalog.hardware import AppleChip, Gpu
from r1plan.errors import UsageError
from r1plan.hardware.assumed.card import UNKNOWN_GB_S, named_card, refuse_a_crowd, unnamed_card, with_other_use
from r1plan.hardware.assumed.host import HostFigures, assumed_host
from r1plan.hardware.machine import Assumption, GpuDevice, Machine, Vendor


@dataclass(frozen=True, slots=True)
class DescribedCard:
    """Cards of a kind as a person named them, `count` of them.

    `memory_gib` is the size that the name said, which chooses among those the sheet is sold with; None when it said
    none. `note` is what to say of how the name was taken.
    """

    sheet: Gpu | AppleChip
    count: int = 1
    memory_gib: float | None = None
    note: str | None = None


class UnnamedCard(NamedTuple):
    """A card of which only the memory is known, and perhaps its bandwidth."""

    vram_gib: float
    bandwidth_gb_s: float | None = None


class Description(NamedTuple):
    """What was said of a machine beside its cards' names; None where nothing was.

    `vendor` is that of cards or graphics without a name. `vram_used_gib` is what else holds memory on each card; of one
    memory for processor and graphics, `unified_gib` if it has no name, it is all that models may not have.
    """

    unnamed: tuple[UnnamedCard, ...] = ()
    vendor: Vendor | None = None
    vram_used_gib: float | None = None
    unified_gib: float | None = None
    unified_gb_s: float | None = None
    host: HostFigures = HostFigures()


def describe(cards: Sequence[DescribedCard] = (), said: Description | None = None) -> Machine:
    """The machine with `cards`, and with what was said of it besides.

    Without a size of main memory it gets as much as its cards have, and 16 GiB at least; a chip with unified memory,
    the least that it is sold with. Raises UsageError for what no machine can be.
    """
    said = said or Description()
    notes = tuple(each.note for each in cards if each.note is not None)
    boxes = [each for each in cards if isinstance(each.sheet, AppleChip) or each.sheet.unified]
    if boxes or said.unified_gib is not None:
        return replace(_with_one_memory(cards, boxes, said), notes=notes)
    return replace(_with_cards(cards, said), notes=notes)


def _with_one_memory(cards: Sequence[DescribedCard], boxes: Sequence[DescribedCard], said: Description) -> Machine:
    from r1plan.hardware.assumed.one_memory import OneMemory, named_box, unnamed_box

    def one_memory(size_gib: float | None) -> OneMemory:
        return OneMemory(
            size_gib=size_gib,
            bandwidth_gb_s=said.unified_gb_s or said.host.ram_bandwidth_gb_s,
            used_gib=said.vram_used_gib,
            host=said.host,
        )

    if boxes:
        box = boxes[0]
        if len(cards) > 1 or box.count > 1 or said.unnamed:
            raise UsageError(
                f"{box.sheet.name} is a whole machine: no other card goes with it, nor a second one.", "name it alone."
            )
        size_gib = box.memory_gib or said.unified_gib or said.host.ram_gib
        return named_box(box.sheet, one_memory(size_gib))
    return unnamed_box(said.unified_gib or 0, one_memory(said.unified_gib), said.vendor)


def _with_cards(cards: Sequence[DescribedCard], said: Description) -> Machine:
    sheets = [(each.sheet, each.memory_gib) for each in cards for _ in range(each.count)]
    named = [(sheet, size) for sheet, size in sheets if isinstance(sheet, Gpu)]
    devices: list[GpuDevice] = [named_card(sheet, size if size != sheet.vram_gib else None) for sheet, size in named]
    devices += [unnamed_card(each.vram_gib, each.bandwidth_gb_s, said.vendor) for each in said.unnamed]
    refuse_a_crowd(devices)
    laptops = [sheet.laptop for sheet, _ in named] + [False for _ in said.unnamed]
    # Different cards fastest first, as CUDA numbers them: a tensor split is given in that order.
    order = sorted(range(len(devices)), key=lambda place: -(devices[place].bandwidth_gb_s or 0.0))
    devices, laptops = [devices[place] for place in order], [laptops[place] for place in order]
    gpus, assumed_use = with_other_use(devices, laptops, said.vram_used_gib)
    vram = sum(size or sheet.vram_gib or 0 for sheet, size in named) + sum(each.vram_gib for each in said.unnamed)
    has_server_card = any(sheet.memory_type.startswith("HBM") for sheet, _ in named)
    cpu, memory, assumptions = assumed_host(said.host, vram_gib=vram, has_server_card=has_server_card)
    if any(each.bandwidth_gb_s is None for each in devices):
        assumptions.append(Assumption(what="card-bandwidth", figure=UNKNOWN_GB_S, unit="GB/s", option="--bandwidth"))
    return Machine(
        origin="described",
        system="linux",
        cpu=cpu,
        memory=memory,
        gpus=tuple(replace(each, index=index) for index, each in enumerate(gpus)),
        assumptions=(*assumptions, *assumed_use),
    )
