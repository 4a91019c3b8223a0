"""What to say of a machine with one memory that is not sold with the size that was named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from r1plan.catalog.hardware import Accelerator, AppleChip
from r1plan.hardware.names.sheets import sizes_gib

ONE_MEMORY_BY_HAND = "--unified GIB --bandwidth GB/S describes any machine with one memory"


def chips_with(sheets: Iterable[Accelerator], gib: float, like: Accelerator | None = None) -> tuple[str, ...]:
    """Apple's chips that are sold with that memory: "M3 Pro"; of the generation of `like` where there are any."""
    chips = [each for each in sheets if isinstance(each, AppleChip) and gib in each.memory_options_gib]
    same = [each for each in chips if like is not None and _generation(each) == _generation(like)]
    return tuple(dict.fromkeys(chip_name(each) for each in same or chips))


def other_chips(sheets: Iterable[Accelerator], gib: float, like: Accelerator | None = None) -> str | None:
    """Which of Apple's chips were meant by that size, as a question; None: no chip has it."""
    names = chips_with(sheets, gib, like)
    return f"did you mean {_either(names)} ({gib:g} GB)?" if names else None


def of_that_size(sheet: Accelerator, gib: float) -> str:
    """How to describe by hand a machine like `sheet`, but with that memory."""
    rate = "GB/S" if sheet.bandwidth_gb_s is None else f"{sheet.bandwidth_gb_s:g}"
    return f"--unified {gib:g} --bandwidth {rate} describes one with that much"


def sold(sheet: Accelerator) -> str:
    """The sizes that it is sold with: "16, 24 or 32"."""
    return _either([f"{each:g}" for each in sizes_gib(sheet)])


def _either(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def chip_name(sheet: AppleChip) -> str:
    """As people call it: "M3 Pro"."""
    return re.sub(r" \(.*", "", sheet.name).removeprefix("Apple ")


def _generation(sheet: Accelerator) -> str:
    return sheet.id.partition("-")[0]
