"""What is known of hardware, by a word: the rows that have it in their name, and the families that all belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from r1plan.catalog.hardware import Accelerator, AppleChip, CpuSheet, Hardware
from r1plan.hardware.names.agree import agrees
from r1plan.hardware.names.sheets import candidates, generation, has_size, is_laptop, maker, text_of
from r1plan.hardware.names.words import words_of

Kind = Literal["card", "processor"]
SheetT = TypeVar("SheetT", Accelerator, CpuSheet)
_CLASS_WORDS = {
    "nvidia-consumer": "nvidia consumer geforce",
    "nvidia-workstation": "nvidia workstation",
    "nvidia-datacentre": "nvidia datacentre datacenter server",
    "nvidia-jetson": "nvidia jetson embedded",
    "amd": "amd",
    "intel": "intel",
    "qualcomm": "qualcomm",
}
# Families as people know them: what is shown, the words that list it, and what its rows' names are like.
_FAMILIES: tuple[tuple[str, str], ...] = (
    *((f"geforce rtx {each}", rf"GeForce RTX {each}\d\d") for each in (50, 40, 30, 20)),
    ("geforce gtx", r"GTX|TITAN"),
    ("geforce titan", r"TITAN"),
    ("rtx pro", r"RTX PRO "),
    ("rtx ada", r"RTX .* Ada"),
    ("workstation ampere", r"RTX A\d"),
    ("quadro", r"Quadro"),
    ("nvidia workstation", r""),
    ("nvidia jetson", r""),
    ("nvidia mining", r"CMP|P10\d"),
    ("nvidia datacentre", r""),
    *((f"radeon rx {each}", rf"Radeon RX {each}\d\d\d") for each in (9, 7, 6)),
    ("instinct", r"Instinct"),
    ("amd integrated", r""),
    ("radeon pro", r"PRO|Pro "),
    ("radeon", r""),
    ("arc pro", r"Arc Pro"),
    ("intel integrated", r""),
    ("arc", r""),
    ("qualcomm", r""),
    *((f"apple m{each}", rf"Apple M{each}\b") for each in range(1, 10)),
    *((each, r"") for each in ("nvidia", "amd", "intel", "apple")),
)


@dataclass(frozen=True, slots=True)
class KnownHardware:
    """Rows of the catalogue: graphics cards and chips, and processors."""

    cards: tuple[Accelerator, ...]
    cpus: tuple[CpuSheet, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """What `word`, a family's name, lists: `count` rows. The figures are the least and the most, None where unknown.

    A processor's memory is what its owner put in. `kind` is what the family is of; its word may find others too.
    """

    word: str
    kind: Kind
    count: int
    memory_gib: tuple[float, float] | None
    bandwidth_gb_s: tuple[float, float] | None


def with_word(hardware: Hardware, cpus: Mapping[str, CpuSheet], word: str) -> KnownHardware:
    """The rows that have every part of `word` in their name, as the beginning of a word; all of them for ""."""
    return _found(hardware, *_indexed(hardware, cpus), word)


def _found(
    hardware: Hardware, card_words: _Index[Accelerator], cpu_words: _Index[CpuSheet], word: str
) -> KnownHardware:
    parts, cards = _parts(word), hardware.accelerators
    if word.strip() and not parts:
        return KnownHardware((), ())
    found = {each.id for each, words in card_words if _has_all(words, parts)}
    wanted = words_of(word)  # "3080ti" and "4060m" too, as the names of cards are read
    if wanted.chip:
        rows = [each for each in candidates(cards.values(), wanted) if agrees(each, wanted)]
        rows = [each for each in rows if any(wanted.chip <= spelled.chip for spelled in each.spellings)]
        rows = [each for each in rows if is_laptop(each.sheet) or not wanted.laptop]
        rows = [each for each in rows if wanted.cores in (None, getattr(each.sheet, "gpu_cores", None))]
        found |= {each.sheet.id for each in rows if all(has_size(each.sheet, size) for size in wanted.sizes_gib)}
    known = [each for each, words in cpu_words if _has_all(words, parts)]
    return KnownHardware(tuple(each for id_, each in cards.items() if id_ in found), tuple(known))


def families(hardware: Hardware, cpus: Mapping[str, CpuSheet]) -> list[Family]:
    """The families that all rows belong to, the cards' first, each with what its word finds."""
    card_words, cpu_words = _indexed(hardware, cpus)
    order = [word for word, _ in _FAMILIES]
    of_cards = sorted({_family_of(each, words) for each, words in card_words}, key=order.index)
    of_processors = dict.fromkeys(_line_of(each) for each in cpus.values())
    named: list[tuple[str, Kind]] = [
        *((each, "card") for each in of_cards),
        *((each, "processor") for each in of_processors),
    ]
    return [_family(word, kind, _found(hardware, card_words, cpu_words, word)) for word, kind in named]


def _family(word: str, kind: Kind, known: KnownHardware) -> Family:
    rates = _range(each.bandwidth_gb_s for each in (*known.cards, *known.cpus))
    memory = _range(_sizes(known.cards)) if kind == "card" else None
    return Family(word, kind, len(known.cards) + len(known.cpus), memory, rates)


_Index = list[tuple[SheetT, set[str]]]


def _indexed(hardware: Hardware, cpus: Mapping[str, CpuSheet]) -> tuple[_Index[Accelerator], _Index[CpuSheet]]:
    """All rows, each with the words that it is found by."""
    cards = [(each, _words_of_card(each)) for each in hardware.accelerators.values()]
    return cards, [(each, _words_of_cpu(each)) for each in cpus.values()]


def _family_of(sheet: Accelerator, words: set[str]) -> str:
    for family, pattern in _FAMILIES:
        if _has_all(words, set(family.split(" "))) and re.search(pattern, sheet.name):
            return family
    return maker(sheet)


def _line_of(sheet: CpuSheet) -> str:
    """The word that a processor's family goes by: "ryzen", "threadripper", "xeon"."""
    words = sheet.name.split(" ")
    told = [each for each in words if each not in ("Intel", "AMD", "AWS", "NVIDIA", "Ampere")]
    if named := next((each for each in ("Threadripper", "Grace") if each in words), None):
        return named.casefold()
    return "intel n" if told[0] == "Processor" else re.sub(r"\d+$", "", told[0].casefold())


def _parts(word: str) -> set[str]:
    return set(re.findall(r"[a-z0-9.+]+", word.casefold()))


def _has_all(words: set[str], parts: Iterable[str]) -> bool:
    return all(any(each.startswith(part) for each in words) for part in parts)


def _words_of_card(sheet: Accelerator) -> set[str]:
    """Every word that a row is found by: of its names, its maker, its class, its target and its sizes."""
    words = _parts(text_of(sheet)) | {maker(sheet)}
    if told := generation(sheet):
        words.add(told)
    if isinstance(sheet, AppleChip):
        return words | {"mac"} | {f"{each}gb" for each in sheet.memory_options_gib}
    words |= set(_CLASS_WORDS[sheet.gpu_class].split(" "))
    words |= {each for each in (sheet.gfx, sheet.compute_capability) if each}
    if sheet.unified:
        words |= {"unified"} | (set() if sheet.memory_type.startswith("HBM") else {"integrated"})
    if is_laptop(sheet):
        words |= {"laptop", "mobile", "notebook"}
    if re.search(r"CMP|P10\d-", sheet.name):
        words.add("mining")
    return words | {f"{each:g}gb" for each in (sheet.vram_gib, *sheet.memory_options_gib) if each}


def _words_of_cpu(sheet: CpuSheet) -> set[str]:
    text = f"{sheet.id} {sheet.name} {sheet.vendor} {sheet.family} {sheet.segment} {' '.join(sheet.aliases)}"
    told = _parts(text) | {"cpu", "processor", sheet.arch, sheet.memory_type.casefold(), f"{sheet.cores}c"}
    told |= {each for each, has in (("avx512", sheet.avx512), ("amx", sheet.amx)) if has}
    return told


def _sizes(rows: Iterable[Accelerator]) -> Iterator[float]:
    for each in rows:
        if isinstance(each, AppleChip):
            yield from each.memory_options_gib
        else:
            yield from each.memory_options_gib or ((each.vram_gib,) if each.vram_gib else ())


def _range(figures: Iterable[float | None]) -> tuple[float, float] | None:
    known = [each for each in figures if each is not None]
    return (min(known), max(known)) if known else None
