"""What is slow, in words: what it is, what it costs where that is known, and what to type."""

from __future__ import annotations

import shlex
from functools import singledispatch

from r1plan.doctor.slow.cause import (
    CardIdle,
    FewCores,
    HeldMemory,
    LittleMemory,
    LowClocks,
    LowPower,
    MigSlice,
    NarrowLink,
    OnBattery,
    PlainBuild,
    RemoteFolder,
    SlowCause,
    Slowness,
    Swapping,
    Throttled,
    TranslatedPython,
)
from r1plan.hardware.machine import GpuProcess
from r1plan.render.doctor.text import FindingText, StepText
from r1plan.render.text.units import card_name, count, gib, memory_size

_MOST_HOLDERS = 3
# GB/s a lane and direction, after the line code (PCI-SIG).
_LANE_GB_S = {1: 0.25, 2: 0.5, 3: 0.985, 4: 1.969, 5: 3.938, 6: 7.563}
_REASONS = {
    "heat": "it is too hot",
    "power-brake": "the power supply tells it to",
    "hardware": "its hardware asks for it, for heat or power",
}


def slow_text(finding: Slowness) -> FindingText:
    """All that is slow, as one finding with a step for each."""
    if not finding.causes:
        return FindingText("speed", "nothing that was looked at slows models down.")
    steps = tuple(slow_step(each) for each in finding.causes)
    found = f"{count(len(steps), 'thing')} {'slows' if len(steps) == 1 else 'slow'} models down here."
    return FindingText("speed", found, next((each.command for each in steps if each.command), None), steps)


@singledispatch
def slow_step(cause: SlowCause) -> StepText:
    """One cause in words."""
    raise AssertionError(cause)


@slow_step.register
def _(cause: CardIdle) -> StepText:
    return StepText(
        f"The engine does not use the {card_name(cause.name)}: weights are read at {cause.memory_gb_s:,.0f} GB/s from "
        f"main memory, and the card reads {cause.card_gb_s:,.0f} GB/s. The build above mends it."
    )


@slow_step.register
def _(cause: PlainBuild) -> StepText:
    return StepText("The engine was built without AVX2, which this processor has: build it on this machine.")


@slow_step.register
def _(cause: LowPower) -> StepText:
    text = f"The {card_name(cause.name)} may take {cause.limit_w:.0f} W of its usual {cause.default_w:.0f} W:"
    if cause.cap_file is not None:
        command = f"echo {cause.default_w * 1e6:.0f} | sudo tee {shlex.quote(cause.cap_file)}"
        return StepText(text, command)
    return StepText(text, f"sudo nvidia-smi -i {cause.index} -pl {cause.default_w:.0f}")


@slow_step.register
def _(cause: LowClocks) -> StepText:
    text = f"The {card_name(cause.name)} is told to stay at low clocks:"
    return StepText(text, f"echo auto | sudo tee {shlex.quote(cause.level_file)}")


@slow_step.register
def _(cause: Throttled) -> StepText:
    why = " and ".join(_REASONS[each] for each in cause.reasons)
    text = f"The {card_name(cause.name)} lowers its clocks now: {why}. Look at its fans, air and power cables:"
    return StepText(text, f"nvidia-smi -i {cause.index} -q -d PERFORMANCE,TEMPERATURE,POWER")


@slow_step.register
def _(cause: NarrowLink) -> StepText:
    return StepText(
        f"The {card_name(cause.name)} is on PCIe {cause.generation} x{cause.lanes}"
        f"{_rate(cause.generation, cause.lanes)}, and could be on {cause.best_generation} x{cause.best_lanes}"
        f"{_rate(cause.best_generation, cause.best_lanes)}: loading takes longer, and so do models that are split "
        "between cards and main memory. Seat it anew, or in another slot."
    )


@slow_step.register
def _(cause: HeldMemory) -> StepText:
    held = sum(each.used_bytes or 0 for each in cause.processes)
    shown = [_holder(each) for each in cause.processes[:_MOST_HOLDERS]]
    more = len(cause.processes) - len(shown)
    shown += [f"{more} more"] if more else []
    text = f"Others hold {memory_size(held)} of the {card_name(cause.name)}: {', '.join(shown)}. "
    first = cause.processes[0]
    if "ollama" in (first.name or ""):
        return StepText(f"{text}Ollama lets go of a model that it is told to stop, by its name:", "ollama ps")
    return StepText(f"{text}End what you do not need:", f"kill {first.pid}")


@slow_step.register
def _(cause: MigSlice) -> StepText:
    return StepText(f"The {card_name(cause.name)} is one slice of a card (MIG): an engine uses no other beside it.")


@slow_step.register
def _(cause: Swapping) -> StepText:
    stalled = cause.stalled_percent
    waited = f" Programs waited for memory in {stalled:.0f} % of the last minute." if stalled else ""
    swapped = f" {memory_size(cause.used_bytes)} are swapped out to disk." if cause.used_bytes else ""
    return StepText(
        f"Main memory is short.{waited}{swapped} Weights that lie there come from the disk again for each token: "
        "end what you do not need, or take a smaller model."
    )


@slow_step.register
def _(cause: FewCores) -> StepText:
    if cause.is_container:
        return StepText(
            f"This container may use {cause.usable} of {cause.present} cores; start it with more: --cpus "
            f"{cause.present}."
        )
    return StepText(f"This process may use {cause.usable} of {count(cause.present, 'core')}, by its affinity or quota.")


@slow_step.register
def _(cause: LittleMemory) -> StepText:
    return StepText(
        f"This container may use {gib(cause.limit_bytes)} of {gib(cause.total_bytes)} GiB of memory; start it with "
        "more: --memory."
    )


@slow_step.register
def _(cause: RemoteFolder) -> StepText:
    if cause.is_windows_drive:
        return StepText(
            f"Models in {cause.path} lie on a Windows drive, which WSL reads slowly: keep them in WSL's own folders, "
            "such as ~/models."
        )
    return StepText(
        f"Models in {cause.path} lie behind a network ({cause.file_system}): they are read over it at each start, and "
        "again when memory is short. Copy those that you use to a disk of this machine."
    )


@slow_step.register
def _(cause: TranslatedPython) -> StepText:
    return StepText(
        "This Python is made for Intel's processors and runs translated (Rosetta): install r1plan with one for Apple's."
    )


@slow_step.register
def _(cause: OnBattery) -> StepText:
    return StepText("This laptop runs on its battery, and gives processor and card less power: plug it in.")


def _rate(generation: int, lanes: int) -> str:
    lane = _LANE_GB_S.get(generation)
    return f" ({lane * lanes:.1f} GB/s)" if lane else ""


def _holder(process: GpuProcess) -> str:
    used = "an unknown amount" if process.used_bytes is None else memory_size(process.used_bytes)
    return f"{process.name or 'a process'} ({process.pid}) {used}"
