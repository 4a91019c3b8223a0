"""What to say where nothing that may be given up makes room: what lacks, where, who has it, and what would fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from r1plan.engine.local.llama.library import EngineDevice, devices
from r1plan.engine.local.load import OutOfMemory
from r1plan.engine.local.room.step_down import Lack, Ladder
from r1plan.engine.local.settings import LoadSettings
from r1plan.units import GIB, MIB

# The options of `chat` that fix a setting.
_OPTIONS = {
    "kv_type": "--kv {}",
    "n_ubatch": "--ubatch {}",
    "gpu_layers": "--gpu-layers {}",
    "context_tokens": "--context {}",
}


def lack_of(error: OutOfMemory) -> Lack:
    """The facts of an error of the engine, with what is free on that device now."""
    device = device_called(error.device)
    return Lack(
        error.during,
        error.device if device is None else device.name,
        error.asked_bytes,
        None if device is None else device.free_bytes,
    )


def device_called(name: str | None) -> EngineDevice | None:
    """The engine's device of that name, such as CUDA0, or as its drivers count them: device 0."""
    if name is None:
        return None
    found = devices()
    cards = [each for each in found if each.kind in ("gpu", "igpu")]
    number = name.removeprefix("device ")
    if number.isdigit():
        return cards[int(number)] if int(number) < len(cards) else None
    return next((each for each in found if name == each.name or name.startswith(f"{each.name}_")), None)


def no_room_left(error: OutOfMemory, lacks: Sequence[Lack], planned: LoadSettings, ladder: Ladder) -> OutOfMemory:
    """The error after the last of `lacks`, for which nothing more could be given up."""
    lack = lacks[-1]
    message = f"{error.message.rstrip('.')}{_figures(lack)}{_held(lack, ladder)}."
    return OutOfMemory(
        message, _hint(lack, planned, ladder), during=error.during, device=lack.device, asked=lack.asked_bytes
    )


def _figures(lack: Lack) -> str:
    if not lack.missing_bytes or lack.asked_bytes is None or lack.free_bytes is None:
        return ""
    return f": {_size(lack.asked_bytes)} are needed, and {_size(lack.free_bytes)} are free"


def _held(lack: Lack, ladder: Ladder) -> str:
    holders = ladder.fallback.holders(lack.device) if lack.device is not None else ()
    named = [
        f"{each.name or 'a program'} (pid {each.pid}) holds {_size(each.used_bytes)}"
        for each in holders[:2]
        if each.used_bytes
    ]
    return f"; {' and '.join(named)}" if named else ""


def _hint(lack: Lack, planned: LoadSettings, ladder: Ladder) -> str:
    """Which of what was pinned is too much, and what would fit in its place; else what fits instead."""
    free = replace(ladder.fallback, pinned=frozenset())
    would = Ladder(free, ladder.file).next(planned, lack)
    for name in () if would is None else (each.name for each in fields(LoadSettings)):
        value = getattr(would, name)
        if name in ladder.fallback.pinned and value != getattr(planned, name) and name in _OPTIONS:
            pinned, fits = _OPTIONS[name].format(getattr(planned, name)), _OPTIONS[name].format(value)
            return f"{pinned} is too much: try {fits}, or leave it out."
    return ladder.fallback.smaller() or "free memory, or take a smaller quant or model: r1plan recommend names them."


def _size(size: int) -> str:
    return f"{size / GIB:,.1f} GiB" if size >= GIB else f"{size / MIB:,.0f} MiB"
