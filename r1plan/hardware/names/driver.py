"""The data sheet of a card that is here: by the name that its driver prints and the memory that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from r1plan.catalog.hardware import Accelerator, AppleChip, Gpu, Hardware
from r1plan.errors import R1PlanError
from r1plan.hardware.names.match import match_card, plain, usual
from r1plan.hardware.names.sheets import drivers_names, is_laptop, is_modified, maker, named, sizes_gib, text_of
from r1plan.hardware.names.words import Words, words_of
from r1plan.units import GIB

# What a driver shows of a marketed size: ECC takes up to 6.3 % (L4, A10G, A40), rounding gives at most 1 %.
_SHOWN_LEAST, _SHOWN_MOST = 0.92, 1.01
# Of memory that is the system's, the kernel keeps more for itself: 7.4 of an Orin Nano's 8 GB are left, 61.3 of 64.
_SHARED_LEAST = 0.85
# Makers of notebooks let a card draw so much more for a while (NVIDIA's Dynamic Boost).
_BOOST_W = 25
_ENDINGS = {"d": 1, "gre": 1, "super": 2, "xt": 2, "ti": 3, "xtx": 4}


@dataclass(frozen=True, slots=True)
class DriverCard:
    """What a card is looked up by: the names that may be its driver's, and what the driver shows of it.

    `total_bytes` None: unknown. `shares_memory`: they are the system's. `power_limit_w` tells a notebook's card from
    the desktop's where both print one name.
    """

    names: tuple[str, ...]
    total_bytes: int | None = None
    shares_memory: bool = False
    power_limit_w: float | None = None


@dataclass(frozen=True, slots=True)
class DriverMatch:
    """The data sheet of a card, and the others that its driver's name, memory and power leave open."""

    sheet: Accelerator
    others: tuple[Accelerator, ...] = ()


def sheet_of(hardware: Hardware, card: DriverCard) -> DriverMatch | None:
    """The data sheet of `card`, None when none is known. Of several that print one name, memory and power decide."""
    for name in card.names:
        for same in _named_so(hardware, name):
            if found := _of_the_memory(same, card):
                return _of_the_power(found, card)
    return None


def _named_so(hardware: Hardware, name: str) -> Iterable[list[Accelerator]]:
    """The rows whose driver prints `name`, then those that its words mean.

    libdrm's list has names such as "AMD Instinct MI60 / MI50".
    """
    known = hardware.accelerators
    printed = plain(name)
    yield [each for each in known.values() if any(plain(text) == printed for text in drivers_names(each))]
    for part in name.split(" / "):
        try:
            match = match_card(hardware, part)
        except R1PlanError:
            continue
        if match is not None and not match.unread and match.why is None:
            yield [match.sheet, *(known[each] for each in match.others)]


def _of_the_memory(sheets: Sequence[Accelerator], card: DriverCard) -> list[Accelerator]:
    if card.total_bytes is None:
        return list(sheets)
    shown = card.total_bytes / GIB
    least = _SHARED_LEAST if card.shares_memory else _SHOWN_LEAST

    def is_its(sheet: Accelerator) -> bool:
        sizes = sizes_gib(sheet)
        return not sizes or any(least <= shown / size <= _SHOWN_MOST for size in sizes)

    return [each for each in sheets if is_its(each)]


def _of_the_power(sheets: list[Accelerator], card: DriverCard) -> DriverMatch:
    """The row that the card's power limit fits, and else the usual one."""
    limit_w = card.power_limit_w
    if limit_w is not None and len(sheets) > 1:
        sheets = [each for each in sheets if isinstance(each, AppleChip) or _may_draw(each, limit_w)] or sheets
    match = usual(sheets, frozenset(), rebuilt=True)
    others = tuple(each for each in sheets if each.id in match.others and _speed(each) != _speed(match.sheet))
    return DriverMatch(match.sheet, others)


def _may_draw(sheet: Gpu, limit_w: float) -> bool:
    if sheet.tdp_w is None:
        return True
    if not is_laptop(sheet):
        return limit_w >= 0.75 * sheet.tdp_w
    most = sheet.power_range_w[1] if sheet.power_range_w else sheet.tdp_w
    return limit_w <= most + _BOOST_W


def _speed(sheet: Accelerator) -> tuple[float | None, ...]:
    return (sheet.bandwidth_gb_s,) if isinstance(sheet, AppleChip) else (sheet.bandwidth_gb_s, sheet.fp16_tensor_tflops)


@dataclass(frozen=True, slots=True)
class Guess:
    """What an unlisted card is taken to do: the figures of `sheet`, but no more than `bandwidth_gb_s`.

    `is_family`: `sheet` is of its family, and not only of its maker with as much memory.
    """

    sheet: Gpu
    bandwidth_gb_s: float
    is_family: bool


def guess(hardware: Hardware, card: DriverCard) -> Guess | None:
    """What a card without a data sheet is taken to do, None when nothing tells.

    The nearest sibling lends its figures: of those with the same series and generation the next lower number, or, where
    there is none, the next higher; and of all that are higher the bandwidth is never exceeded. Without siblings it is
    the slowest card of the maker with as much memory.
    """
    for name in card.names:
        wanted = words_of(name)
        siblings, place = _siblings(hardware, name, wanted), _rank(wanted)
        if siblings and place is not None:
            lower = [each for each in siblings if each[0] <= place]
            sheet = max(lower, key=_place)[1] if lower else min(siblings, key=_place)[1]
            above = [each.bandwidth_gb_s for rank, each in siblings if rank > place and each.bandwidth_gb_s]
            if sheet.bandwidth_gb_s:
                return Guess(sheet, min((sheet.bandwidth_gb_s, *above)), is_family=True)
    return _slowest_of_the_maker(hardware, card)


def _place(sibling: tuple[tuple[int, int], Gpu]) -> tuple[tuple[int, int], float]:
    return sibling[0], -(sibling[1].bandwidth_gb_s or 0.0)


def _rank(words: Words) -> tuple[int, int] | None:
    """The number of a card's name and its ending, by which cards of a family are ordered. None: it has no number."""
    number = max(words.numbers, key=len, default="")
    digits = re.search(r"\d{2,}", number)
    if digits is None:
        return None
    return int(digits[0]), sum(_ENDINGS.get(each, 0) for each in words.chip)


def _siblings(hardware: Hardware, name: str, wanted: Words) -> list[tuple[tuple[int, int], Gpu]]:
    """The cards of the line and generation of `name`, each with its rank; laptops' among laptops'."""
    found = re.fullmatch(r"([a-z]*)(\d{2,})", max(wanted.numbers, key=len, default=""))
    if found is None:
        return []
    letters, digits = found.groups()
    # "RTX 5040": 50xx. "RX 7500", "GTX 960": 7xxx, 9xx. "H300": any H of three digits.
    same = "" if letters else digits[:2] if len(digits) == 4 and "rtx" in wanted.series else digits[:1]
    alike = re.compile(rf"{letters}{same}\d{{{len(digits) - len(same)}}}")
    siblings = []
    for sheet in hardware.gpus.values():
        if is_modified(sheet) or sheet.unified or is_laptop(sheet) != wanted.laptop or not _same_line(sheet, name):
            continue
        if not alike.search(text_of(sheet)):
            continue
        row = named(sheet)
        if wanted.generations and not wanted.generations <= row.generations:
            continue
        for words in row.spellings:
            if alike.fullmatch(max(words.numbers, key=len, default="")) and (rank := _rank(words)):
                siblings.append((rank, sheet))
                break
    return siblings


def _same_line(sheet: Gpu, name: str) -> bool:
    """Whether the card is sold under the words that `name` begins with: GeForce, Radeon RX, Instinct and so on."""
    text = name.casefold()
    if maker(sheet) == "nvidia":
        line = "nvidia-datacentre"
        if "geforce" in text or "gtx" in text:
            line = "nvidia-consumer"
        elif "rtx" in text or "quadro" in text:
            line = "nvidia-workstation"
        return sheet.gpu_class == line and ("pro " in text) == ("pro " in sheet.name.casefold())
    words = {"rx", "pro", "instinct", "arc"}
    return (
        words & set(re.findall(r"[a-z]+", sheet.name.casefold())) == words & set(re.findall(r"[a-z]+", text)) != set()
    )


def _slowest_of_the_maker(hardware: Hardware, card: DriverCard) -> Guess | None:
    makers = frozenset().union(*(words_of(each).makers for each in card.names))
    if card.total_bytes is None or card.shares_memory:
        return None
    shown = card.total_bytes / GIB
    alike = [
        (each.bandwidth_gb_s, each)
        for each in hardware.gpus.values()
        if maker(each) in makers
        and not (each.unified or is_modified(each) or each.bandwidth_gb_s is None)
        and any(0.75 <= shown / size <= 1.25 for size in sizes_gib(each))
    ]
    slowest = min(alike, key=lambda each: (each[0], each[1].id), default=None)
    return Guess(slowest[1], slowest[0], is_family=False) if slowest and slowest[0] else None
