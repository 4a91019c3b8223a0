"""What is assumed of a described machine, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from r1plan.hardware.machine import CHANGED, Assumption, Machine


def machine_remarks(machine: Machine) -> Iterator[str]:
    """What a person should know of a described machine: how it was taken, and all that is assumed."""
    if machine.origin == "detected":
        return
    yield from machine.notes if machine.origin == "described" else ()
    if machine.assumptions:
        yield f"Assumed: {'; '.join(_with_option(each) for each in machine.assumptions)}."


def changed_remark(machine: Machine) -> str | None:
    """That this machine is meant, and what was said to be other than it is; None where that isn't so."""
    return next((each for each in machine.notes if each.startswith(CHANGED)), None)


def assumption_notes(machine: Machine) -> tuple[str, ...]:
    """One sentence an assumption."""
    return tuple(
        f"Assumed: {_phrase(each)}{f'; {each.option} sets it' if each.option else ''}." for each in machine.assumptions
    )


def _with_option(each: Assumption) -> str:
    return f"{_short(each)} ({each.option})" if each.option else _short(each)


def _short(each: Assumption) -> str:
    """Without the reasons that anybody can think of."""
    return _figure(each, f"{each.figure:,g}") if each.what in ("ram", "desktop") else _phrase(each)


def _phrase(each: Assumption) -> str:
    said = _figure(each, f"{each.figure:,g}")
    return f"{said}, {each.because}" if each.because else said


def _figure(each: Assumption, figure: str) -> str:
    match each.what:
        case "ram":
            return f"{figure} GiB of RAM"
        case "unified":
            return f"{figure} GiB of memory"
        case "system":
            return f"{figure} GiB for the system"
        case "graphics-share":
            return f"{figure} GiB for graphics"
        case "ram-bandwidth":
            return f"{figure} GB/s of memory"
        case "card-bandwidth":
            return f"{figure} GB/s for the card, a guess"
        case "cores":
            return f"{figure} cores"
        case "desktop":
            return f"{figure} GiB for a desktop" if each.figure else "no desktop on the card"
        case _:
            assert_never(each.what)
