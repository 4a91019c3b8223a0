"""What an option draws of electricity, on cards whose limits are known or those of their data sheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.cost.power import DrawReading, PowerDraw, measured_draw, power_draw
from r1plan.plan.speed import Bottleneck

if TYPE_CHECKING:
    from r1plan.catalog.hardware import Gpu


def with_sheet_power(machine: Machine, sheets: Mapping[str, Gpu]) -> Machine:
    """`machine`, each card whose power limit is unknown with the one of its data sheet."""
    gpus = []
    for gpu in machine.gpus:
        sheet = sheets.get(gpu.profile or "")
        if gpu.power_limit_w is None and sheet is not None:
            gpu = replace(gpu, power_limit_w=sheet.tdp_w)
        gpus.append(gpu)
    return replace(machine, gpus=tuple(gpus))


def power_drawn(
    cards: Iterable[GpuDevice], bottleneck: Bottleneck, reading: DrawReading | None = None, *, in_turn: bool = False
) -> PowerDraw | None:
    """What the machine draws with `cards` at work, held up by `bottleneck`; None where a card's limit is not known.

    `reading` is what the same work was seen to draw here; `in_turn`: one card works while the others wait.
    """
    used = tuple(cards)
    draw = power_draw(used, bottleneck, in_turn=in_turn)
    return draw if draw is None or reading is None else measured_draw(used, bottleneck, draw, reading)
