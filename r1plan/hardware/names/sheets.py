"""The catalogue's rows by what they are called: candidates for a name, each with the words that it is known by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from r1plan.catalog.hardware import Accelerator, AppleChip
from r1plan.hardware.names.words import FORMS, Maker, Words, words_of

# Of several that a name may mean, the one that most people have, the first of these. Elsewhere the least is taken: what
# it can do, the others can.
_USUAL = {
    id_: place
    for place, id_ in enumerate(
        re.findall(
            r"\S+",
            """
    h100-sxm-80gb h200-sxm-141gb a100-sxm-80gb a100-sxm-40gb a800-sxm-80gb h800-sxm-80gb b200-sxm v100-sxm2-16gb
    v100-sxm2-32gb tesla-p100-16gb rtx-3060-12gb rtx-3080-10gb rtx-3050-8gb rtx-5060-ti-16gb rx-9060-xt-16gb
    arc-a770-16gb rtx-2000-ada rtx-4000-ada rtx-4500-ada rtx-5000-ada rtx-6000-ada rtx-pro-6000-blackwell rtx-4070
    rtx-3060-ti rtx-2070-super rtx-2080-super jetson-orin-nano-8gb jetson-agx-orin-64gb m5-10c mi300x strix-halo
    adreno-x1-85 titan-xp gtx-1060-6gb jetson-agx-thor-t5000
    """,
        )
    )
}
_GENERATION_OF = {
    "3": "kepler",
    "5": "maxwell",
    "6": "pascal",
    "7.0": "volta",
    "7.5": "turing",
    "8.9": "ada",
    "8": "ampere",
    "9": "hopper",
    "10": "blackwell",
    "12": "blackwell",
}
_LARGE_GIB, _SPREAD = 90, 0.08
_BOARD = re.compile(r"\(one of (two|four) GPUs\)")


@dataclass(frozen=True, slots=True)
class NamedSheet:
    """A row of the catalogue and the words that it is known by: of its id, its name, its drivers and its aliases."""

    sheet: Accelerator
    spellings: tuple[Words, ...]

    @property
    def series(self) -> frozenset[str]:
        """Every word of a series in any spelling."""
        return frozenset().union(*(each.series for each in self.spellings))

    @property
    def forms(self) -> frozenset[str]:
        """How it is built in: "sxm", "pcie", "maxq" and such."""
        return frozenset().union(*(each.forms for each in self.spellings)) & FORMS

    @property
    def generations(self) -> frozenset[str]:
        """Its generation, as it is spelled or as its compute capability tells."""
        spelled = frozenset[str]().union(*(each.generations for each in self.spellings))
        told = generation(self.sheet)
        return spelled | ({told} if told else set())


def generation(sheet: Accelerator) -> str | None:
    """NVIDIA's name of the generation that its compute capability tells: "ampere"."""
    capability = None if isinstance(sheet, AppleChip) else sheet.compute_capability
    if capability is None:
        return None
    return _GENERATION_OF.get(capability) or _GENERATION_OF.get(capability.split(".")[0])


def names_of(sheet: Accelerator) -> Iterator[str]:
    """All that `sheet` is called: its id, its name with and without what stands in brackets, its drivers, aliases."""
    yield sheet.id
    yield sheet.name
    if "(" in sheet.name:
        yield re.sub(r"\([^)]*\)", " ", sheet.name)
    yield from drivers_names(sheet)
    for alias in sheet.aliases:
        yield from _each_of(alias)


def drivers_names(sheet: Accelerator) -> tuple[str, ...]:
    """What its driver prints; where no row says, the marketed name without its size, as drivers are used to print."""
    if sheet.driver_names or isinstance(sheet, AppleChip):
        return sheet.driver_names or (re.sub(r" \(.*", "", sheet.name),)
    name = re.sub(r" \d+ GB$| \([^)]*\)", "", sheet.name)
    match sheet.gpu_class:
        case "amd":
            return (f"AMD {name}",)
        case "intel":
            return (f"Intel(R) {name.replace('Arc', 'Arc(TM)')} Graphics",)
        case _:
            return (name if name.startswith(("Tesla", "Quadro")) else f"NVIDIA {name}",)


def text_of(sheet: Accelerator) -> str:
    """All that it is called, in small letters, for a first look."""
    return f"{sheet.id} {sheet.name} {' '.join(sheet.driver_names)} {' '.join(sheet.aliases)}".casefold()


def candidates(sheets: Iterable[Accelerator], wanted: Words) -> list[NamedSheet]:
    """The rows that share what tells most in `wanted`: its words with digits, else its letters. A first, cheap look."""
    numbers = [each for each in wanted.numbers if len(each) > 2 or not each.isdigit()]
    parts = numbers or [each for each in wanted.chip if len(each) > 2 or (each.isdigit() and len(each) > 1)]
    return [named(each) for each in sheets if _has_any(text_of(each), parts)]


def _has_any(text: str, parts: list[str]) -> bool:
    return any(each in text for each in parts)


def named(sheet: Accelerator) -> NamedSheet:
    """`sheet` with the words that it is known by."""
    words = [words_of(each) for each in names_of(sheet)]
    return NamedSheet(sheet, tuple(dict.fromkeys(each for each in words if each.chip)))


def sizes_gib(sheet: Accelerator) -> tuple[float, ...]:
    """The memory that it is sold with; empty: whatever the owner put in."""
    if sheet.memory_options_gib:
        return sheet.memory_options_gib
    return () if isinstance(sheet, AppleChip) or sheet.vram_gib is None else (sheet.vram_gib,)


def has_size(sheet: Accelerator, gib: float) -> bool:
    """Whether it is sold with that memory. Large sizes are printed in more than one way: 180 and 192 of one chip."""
    sold = sizes_gib(sheet)
    if isinstance(sheet, AppleChip) or sheet.unified:
        return not sold or gib in sold
    return any(abs(gib - each) < 0.5 or (each >= _LARGE_GIB and abs(gib - each) <= _SPREAD * each) for each in sold)


def is_laptop(sheet: Accelerator) -> bool:
    """Whether it is a notebook's own version of a card."""
    return not isinstance(sheet, AppleChip) and sheet.laptop


def is_modified(sheet: Accelerator) -> bool:
    """Whether it is no card of its maker's, but one that was rebuilt."""
    return "(modified" in sheet.name or "unlocked" in sheet.name


def place_among_usual(sheet: Accelerator) -> int:
    """Its place among the cards that are meant where a name says no more, 0 the first."""
    return _USUAL.get(sheet.id, len(_USUAL))


def is_usual(sheet: Accelerator) -> bool:
    """Whether it is meant where a name says no more."""
    return sheet.id in _USUAL


def gpus_a_board(sheet: Accelerator) -> int:
    """How many such devices stand on the board that is sold."""
    found = _BOARD.search(sheet.name)
    return 1 if found is None else {"two": 2, "four": 4}[found[1]]


def maker(sheet: Accelerator) -> Maker:
    """Who makes it."""
    if isinstance(sheet, AppleChip):
        return "apple"
    match sheet.gpu_class:
        case "amd" | "intel" | "qualcomm":
            return sheet.gpu_class
        case _:
            return "nvidia"


def _each_of(alias: str) -> Iterator[str]:
    """An alias such as "Ryzen 7 7735U/HS" or "Core Ultra 5 226V/228V" as the names that it stands for."""
    head, slash, _ = alias.partition("/")
    if "iGPU" in alias or " gen " in alias:  # these tell of a processor
        return
    if not slash:
        yield alias
        return
    before, _, first = head.rpartition(" ")
    rest = alias[len(head) + 1 :].split("/")
    yield head
    for each in rest:
        last, _, after = each.partition(" ")
        other = last if last[:1].isdigit() else re.sub(r"[A-Za-z]+$", last, first)
        yield f"{before} {other} {after}".strip()
