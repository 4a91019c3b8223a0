"""Sentences on a model file that was loaded otherwise than planned, as there was no room for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from r1plan.units import GIB, MIB

if TYPE_CHECKING:
    from r1plan.engine.local.room.step_down import LoadChange
    from r1plan.hardware.machine import GpuProcess

MOST_HOLDERS = 2
"""So many programs are named: further ones hold less."""


def load_change_text(change: LoadChange) -> str:
    """What was changed and what that costs, in one line; who else has the memory."""
    device = change.lacks[-1].device if change.lacks else None
    where = "Main memory" if device is None or device.startswith("CPU") else "The card"
    said = f"{where} was too full for the plan: {', '.join(_changes(change))}{_cost(change)}."
    held = [holder_text(each) for each in change.holders[:MOST_HOLDERS] if each.used_bytes]
    return f"{said} {' and '.join(held)} of it." if held else said


def holder_text(process: GpuProcess) -> str:
    """Which program holds how much."""
    used = process.used_bytes or 0
    size = f"{used / GIB:,.1f} GiB" if used >= GIB else f"{used / MIB:,.0f} MiB"
    return f"{process.name or 'A program'} (pid {process.pid}) holds {size}"


def load_change_document(change: LoadChange) -> dict[str, object]:
    """The same for programs: the settings that are others, before and after."""
    before, after = change.before, change.after
    names = [each.name for each in fields(before) if getattr(before, each.name) != getattr(after, each.name)]
    return {
        "text": load_change_text(change),
        "device": change.lacks[-1].device if change.lacks else None,
        "before": {name: getattr(before, name) for name in names},
        "after": {name: getattr(after, name) for name in names},
        "speed": None if change.speed is None else round(change.speed, 3),
        "held_by": [{"pid": each.pid, "name": each.name, "used_bytes": each.used_bytes} for each in change.holders],
    }


def _changes(change: LoadChange) -> Iterator[str]:
    before, after = change.before, change.after
    if before.kv_type != after.kv_type:
        yield f"KV cache {after.kv_type} instead of {before.kv_type}"
    if before.n_ubatch != after.n_ubatch:
        yield f"prompts read by {after.n_ubatch} instead of {before.n_ubatch} tokens"
    if before.uses_cards and not after.uses_cards:
        yield "no card is used"
    elif before.gpu_layers != after.gpu_layers:
        was = change.layers if before.gpu_layers is None else before.gpu_layers
        now = change.layers if after.gpu_layers is None else after.gpu_layers
        yield f"{now} instead of {was or 'all'} layers on the card"
    elif before.tensor_split != after.tensor_split:
        yield f"layers on the cards as {_split(after.tensor_split)} instead of {_split(before.tensor_split)}"
    if before.experts_on_host != after.experts_on_host and after.uses_cards:
        yield f"the experts of {after.experts_on_host} instead of {before.experts_on_host} layers in main memory"
    if before.context_tokens != after.context_tokens:
        yield f"{after.context_tokens:,} instead of {before.context_tokens:,} tokens of context"
    if before.mapped != after.mapped:
        yield "weights as pages of the file"


def _split(layers: tuple[int, ...]) -> str:
    return ",".join(map(str, layers)) or "the engine cuts them"


def _cost(change: LoadChange) -> str:
    before, after = change.before, change.after
    if change.speed is not None and change.speed < 0.995:
        return f": about {100 * (1 - change.speed):.0f} % slower"
    slower = before.gpu_layers != after.gpu_layers or before.experts_on_host != after.experts_on_host
    return ": it writes slower" if slower and change.speed is None else ""
