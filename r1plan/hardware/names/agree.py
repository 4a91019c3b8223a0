"""Whether a row of the catalogue may be what a name means, and which words of the name it leaves unread."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from r1plan.catalog.hardware import Accelerator, AppleChip, Gpu
from r1plan.hardware.names.sheets import NamedSheet, has_size, maker, sizes_gib
from r1plan.hardware.names.unknown import looks_like
from r1plan.hardware.names.words import ENDINGS, PROCESSORS, Words, is_shop_word

# Sizes of the memory that people put in themselves, as a number without a unit may say them.
_USUAL_RAM_GIB = frozenset({8, 12, 16, 18, 24, 32, 36, 48, 64, 96, 128, 192, 256, 512})
_APPLE_ENDINGS = frozenset({"pro", "max", "ultra"})


@dataclass(frozen=True, slots=True)
class WordFit:
    """A row of which all words of one spelling are in the name: `words` of them.

    Of what is left, `sizes_gib` and `cores` are numbers that say a variant, `unread` words that say nothing; `is_whole`
    is false where something is left that makes it another chip.
    """

    row: NamedSheet
    words: int
    sizes_gib: tuple[float, ...] = ()
    cores: int | None = None
    unread: frozenset[str] = field(default=frozenset())
    is_whole: bool = True


def agrees(row: NamedSheet, wanted: Words) -> bool:
    """Whether the maker, the series and the generation that `wanted` names are those of the row."""
    sheet = row.sheet
    if not wanted.makers <= {maker(sheet)}:
        return False
    if isinstance(sheet, AppleChip):
        return not wanted.series and not wanted.generations
    if wanted.generations and not wanted.generations <= row.generations:
        return False
    return wanted.series - _said_before_any(sheet, row, wanted) <= row.series


def _said_before_any(sheet: Gpu, row: NamedSheet, wanted: Words) -> frozenset[str]:
    """Words of series that people put before any card of the kind."""
    match sheet.gpu_class:
        case "nvidia-datacentre":
            return frozenset({"tesla", "quadro"})
        case "nvidia-consumer":
            return frozenset({"pro", "ai"}) - row.series
        case "nvidia-workstation" if "quadro" in row.series and "rtx" in row.series:
            # Before the Quadro RTX 4000 there was a Quadro 4000.
            return frozenset()
        case "nvidia-workstation":
            # "Quadro RTX A6000", "Quadro T1000", "Quadro RTX 6000 Ada".
            is_named_apart = wanted.generations or any(re.match(r"[at]\d", each) for each in wanted.chip)
            return frozenset({"quadro"}) if is_named_apart else frozenset()
        case "amd":
            return frozenset({"radeon", "ai"}) | (frozenset({"pro"}) if sheet.unified else frozenset())
        case _:
            return frozenset()


def fit_of(row: NamedSheet, wanted: Words) -> WordFit | None:
    """How the row fits the words of `wanted`; None: no spelling of it is wholly there."""
    if {"quadro", "rtx"} <= row.series and "quadro" in wanted.series and "rtx" not in wanted.series:
        return None
    spelled = [each.chip for each in row.spellings if each.chip <= wanted.chip]
    if not spelled:
        return None
    chip = max(spelled, key=len)
    own = frozenset[str]().union(*(each.chip for each in row.spellings))
    left = wanted.chip - own
    numbers = {each for each in left if not each.isalpha()}
    letters = left - numbers
    sizes, cores, odd = _variant(row.sheet, numbers)
    unread = {each for each in letters if not is_shop_word(each)}
    if isinstance(row.sheet, AppleChip):
        wrong = bool(letters & _APPLE_ENDINGS)
    else:
        unread |= wanted.series & {"pro", "ai"} - row.series if row.sheet.gpu_class == "nvidia-consumer" else set()
        wrong = False
    wrong |= bool(letters & (ENDINGS | PROCESSORS) or (wanted.stuck & letters) or odd)
    wrong |= any(looks_like(each) for each in unread)
    if unread and all(each.isalpha() for each in chip):
        wrong = True  # too little else is known of it
    return WordFit(row, len(chip), tuple(sizes), cores, frozenset(unread), not wrong)


def _variant(sheet: Accelerator, numbers: set[str]) -> tuple[list[float], int | None, set[str]]:
    """The sizes and cores that bare numbers say of the row, and those that say neither."""
    sizes: list[float] = []
    cores: int | None = None
    odd: set[str] = set()
    for each in numbers:
        number = int(each) if each.isdigit() else 0
        if number in _USUAL_RAM_GIB if not sizes_gib(sheet) else has_size(sheet, number):
            sizes.append(float(number))
        elif isinstance(sheet, AppleChip) and number == sheet.gpu_cores:
            cores = number
        else:
            odd.add(each)
    return sizes, cores, odd
