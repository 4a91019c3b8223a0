"""What a layout on cards alone leaves unmeasured: the processor, its memory, and the way from there to a card."""

from __future__ import annotations

from dataclasses import replace

from r1plan.plan.pins import Pins
from r1plan.verify.pace import PaceBounds
from r1plan.verify.planned import FilePlan

BESIDE = PaceBounds(figure_s=3.0, fill_s=0.0, spread=0.03)
"""A quarter of a minute is enough to know a processor by: its memory decides, and that is steady."""


def pins_beside(plan: FilePlan, pins: Pins) -> Pins | None:
    """The same file with its experts in RAM, or all layers of a dense one; None where it has nothing on cards alone.

    None, too, where `pins` say what lies where.
    """
    if plan.option.placement.layout not in ("gpu", "gpu-split"):
        return None
    if pins.gpu_layers is not None or pins.experts_on_cpu:
        return None
    pins = replace(pins, context=plan.option.context)
    return replace(pins, experts_on_cpu=True) if plan.file.weights.expert_layers else replace(pins, gpu_layers=1)
