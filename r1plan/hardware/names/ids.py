"""Cards that are named by their ids, which needs no reading of names."""

from __future__ import annotations

from collections.abc import Iterable

from r1plan.catalog.hardware import Hardware
from r1plan.hardware.described import DescribedCard
from r1plan.hardware.machine import MOST_CARDS


def cards_named(gpu: Iterable[str], hardware: Hardware) -> list[DescribedCard]:
    """See `cards_of`; only names that are no ids are read."""
    return [_by_id(each, hardware) or _by_name(each, hardware) for each in gpu]


def _by_id(text: str, hardware: Hardware) -> DescribedCard | None:
    """What `ID` or `ID:N` means; None for anything else."""
    id_, colon, number = text.partition(":")
    sheet = hardware.accelerators.get(id_)
    if sheet is None:
        return None
    if not colon:  # of a board with several GPUs all are meant, which is said
        return None if "(one of " in sheet.name else DescribedCard(sheet)
    count = int(number) if number.isascii() and number.isdigit() and len(number) <= len(str(MOST_CARDS)) else 0
    return DescribedCard(sheet, count) if 0 < count <= MOST_CARDS else None


def _by_name(text: str, hardware: Hardware) -> DescribedCard:
    from r1plan.hardware.names.cards import cards_of

    return cards_of([text], hardware)[0]
