"""Cards and chips that the options name, with what is said beside the name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from r1plan.errors import NotFound, UsageError
from r1plan.hardware.described import DescribedCard

if TYPE_CHECKING:
    from r1plan.catalog.hardware import AppleChip, Gpu, Hardware

    CardsOf = Callable[[list[str], Hardware], list[DescribedCard]]


def named_cards(names: list[str], size: float | None, cards_of: CardsOf) -> list[DescribedCard]:
    """The data sheets of `names`. The `size` in GiB, said beside one, chooses among those of its name, and in hints."""
    from r1plan.catalog.load import load_hardware
    from r1plan.hardware.assumed.one_memory import sizes_of

    hardware = load_hardware()
    try:
        cards = cards_of(names, hardware)
    except NotFound as error:
        if size is None or len(names) > 1:
            raise
        raise NotFound(error.message, _hint_for(names[0], size, cards_of, hardware) or error.hint, error.near) from None
    if (
        size is None
        or len(cards) > 1
        or not is_box(cards[0])
        or cards[0].memory_gib
        or size in sizes_of(cards[0].sheet)
    ):
        return cards
    try:
        return cards_of([f"{names[0]} {size:g}GB"], hardware)
    except (NotFound, UsageError):
        return cards


def _hint_for(name: str, size_gib: float, cards_of: CardsOf, hardware: Hardware) -> str | None:
    """What is said of the unknown `name` with that size."""
    try:
        cards_of([f"{name} {size_gib:g}GB"], hardware)
    except NotFound as error:
        return error.hint
    except UsageError:
        pass
    return None


def check_size(sheet: Gpu | AppleChip, size_gib: float) -> None:
    """Raise UsageError for a size that the chip is not sold with."""
    from r1plan.catalog.load import load_hardware
    from r1plan.hardware.assumed.one_memory import sizes_of
    from r1plan.hardware.names.one_memory import of_that_size, other_chips, sold

    if not (sizes := sizes_of(sheet)) or size_gib in sizes:
        return
    meant = other_chips(load_hardware().apple.values(), size_gib, sheet) if sheet.id in load_hardware().apple else None
    raise UsageError(
        f"{size_gib:g} GiB: {sheet.name} is not sold with that much.",
        f"{f'{meant} It' if meant else 'it'} has {sold(sheet)} GiB; {of_that_size(sheet, size_gib)}.",
    )


def is_box(card: DescribedCard) -> bool:
    """Whether it is a whole machine, with one memory."""
    from r1plan.catalog.hardware import AppleChip

    return isinstance(card.sheet, AppleChip) or card.sheet.unified


def cores_beside(box: DescribedCard, typed: Iterable[str]) -> int | None:
    """The cores of the processor that the chip is part of: as typed, else where all that it may be have as many."""
    from r1plan.catalog.hardware import AppleChip
    from r1plan.catalog.load import load_cpus
    from r1plan.catalog.match_cpu import find_cpu
    from r1plan.hardware.names.sheets import names_of

    if isinstance(box.sheet, AppleChip) or box.sheet.cpu_cores is not None:
        return None
    cpus = load_cpus()

    def cores(name: str) -> int | None:
        try:
            return find_cpu(cpus, name).cores
        except (NotFound, UsageError):
            return None

    if found := next((number for name in typed if (number := cores(name))), None):
        return found
    numbers = {number for name in names_of(box.sheet) if (number := cores(name))}
    return numbers.pop() if len(numbers) == 1 else None
