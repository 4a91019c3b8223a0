"""The one row of the catalogue that a person means by a card's name, and what to say where there were several."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from r1plan.catalog.hardware import Accelerator, AppleChip, Hardware
from r1plan.errors import UsageError
from r1plan.hardware.names.agree import WordFit, agrees, fit_of
from r1plan.hardware.names.one_memory import of_that_size, other_chips, sold
from r1plan.hardware.names.sheets import (
    NamedSheet,
    candidates,
    drivers_names,
    gpus_a_board,
    has_size,
    is_laptop,
    is_modified,
    is_usual,
    named,
    names_of,
    place_among_usual,
    sizes_gib,
    text_of,
)
from r1plan.hardware.names.unknown import BY_HAND, unknown
from r1plan.hardware.names.words import Words, words_of

# Parts of a name that many families have: a Jetson Nano is no Orin Nano.
_TELLS_NO_FAMILY = frozenset({"nano", "super", "ultra", "max", "pro", "plus", "elite"})


@dataclass(frozen=True, slots=True)
class CardMatch:
    """What a name was taken to mean.

    `memory_gib` is the size that it said of memory that is sold in several sizes. `devices`: how many the board that
    was named has. `others` are ids that it may mean as well, `unread` words that were passed over, and `why` what else
    is to be known of it.
    """

    sheet: Accelerator
    memory_gib: float | None = None
    devices: int = 1
    others: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    why: str | None = None

    def note(self, name: str) -> str | None:
        """What to say of how `name` was taken; None: it could mean nothing else."""
        if not (self.others or self.unread or self.why):
            return None
        said = f"'{name}' is taken as {self.sheet.id}"
        if self.why:
            said += f", {self.why}"
        if self.unread:
            words = " and ".join(f"'{each}'" for each in self.unread)
            said += f"; {words} {'say' if len(self.unread) > 1 else 'says'} nothing of a card"
        if self.others:
            shown = listed(self.others)
            said += f"; {shown} {'are others' if len(self.others) > 1 else 'is another'}: --gpu ID chooses"
        return f"{said}."


def listed(ids: tuple[str, ...]) -> str:
    """Ids as a sentence has them, four at most: "a, b and c", "a, b, c and 4 more"."""
    shown, more = (ids, 0) if len(ids) <= 4 else (ids[:3], len(ids) - 3)
    *most, last = (*shown, f"{more} more") if more else shown
    return f"{', '.join(most)} and {last}" if most else last


def find_card(hardware: Hardware, name: str) -> CardMatch:
    """The graphics card or chip that `name` means: an id, a marketed name, a driver's, a shop's, or a part of one.

    Where it may mean several, the usual one is taken and the match says so. Raises UsageError for a size that the card
    is not sold with and for a part of many names, NotFound for what nobody knows; both say how to describe a card.
    """
    match = match_card(hardware, name)
    if match is None:
        raise unknown(hardware.accelerators.values(), name)
    return match


def match_card(hardware: Hardware, name: str) -> CardMatch | None:
    """As `find_card`; None for what nobody knows."""
    known = hardware.accelerators
    if sheet := known.get(name.strip().casefold()):
        return CardMatch(sheet)
    if match := _printed(known.values(), name):
        return match
    wanted = words_of(name)
    for words, why in _readings(wanted):
        if match := _by_words(known.values(), name, words):
            return replace(match, why=why or match.why)
    if after := re.split(r"\bw/|\bwith\b", name, maxsplit=1, flags=re.IGNORECASE)[1:]:
        return match_card(hardware, after[0])  # "Ryzen 7 7840U w/ Radeon 780M": the graphics of a processor
    return None


def _readings(wanted: Words) -> Iterator[tuple[Words, str | None]]:
    """The words of a name as they stand, and what else people mean by them."""
    yield wanted, None
    for plural in ("super", "s"):  # "two 3090s", "two H100s"
        if plural in wanted.chip and not (plural == "super" and wanted.says_super):
            yield replace(wanted, chip=wanted.chip - {plural}, stuck=wanted.stuck - {plural}), None
    chip = frozenset(re.sub(r"^a(?=\d000$)", "", each) for each in wanted.chip)
    if "ada" in wanted.generations and chip != wanted.chip:  # "A6000 Ada", of which the A would be Ampere's
        yield replace(wanted, chip=chip), "as no other RTX of that number is of the Ada generation"


def _printed(sheets: Iterable[Accelerator], name: str) -> CardMatch | None:
    """The match of an id, of a driver's own name, or of one that says a size as it does."""
    typed = plain(name)
    if not re.search(r"\d", typed) and len(typed) < 6:
        return None
    parts = re.findall(r"\d+", name) or re.findall(r"[a-z]{4,}", name.casefold())
    texts = [(each, text_of(each)) for each in sheets]
    sheets = [each for each, text in texts if all(part in text for part in parts)]
    for each in sheets:
        if plain(each.id) == typed:
            return whole_board(CardMatch(each))
    same = [each for each in sheets if any(plain(text) == typed for text in drivers_names(each))]
    if not same and re.search(r"\d+gb?$", typed):
        same = [each for each in sheets if typed in map(plain, names_of(each))]
    return whole_board(usual(same, frozenset())) if same else None


def whole_board(match: CardMatch) -> CardMatch:
    """The match with all devices of the board, as a person means the board."""
    devices = gpus_a_board(match.sheet)
    if devices == 1:
        return match
    return replace(match, devices=devices, why=f"whose board has {devices} GPUs: that many are meant")


def plain(text: str) -> str:
    """The letters and digits of a name alone, small."""
    return re.sub(r"\((?:r|tm)\)|[^a-z0-9]", "", text.casefold())


def _by_words(sheets: Collection[Accelerator], name: str, wanted: Words) -> CardMatch | None:
    """The match by the words of the name; None: no row has them."""
    rows = [each for each in candidates(sheets, wanted) if agrees(each, wanted)]
    fits = [fit for each in rows if (fit := fit_of(each, wanted)) is not None]
    most = max((each.words for each in fits), default=0)
    fits = [each for each in fits if each.words == most]
    if not fits:
        return _by_a_part(rows, name, wanted)
    fits = [each for each in fits if each.is_whole]
    return _of_fits(fits, name, wanted, sheets) if fits else None


def _of_fits(fits: Sequence[WordFit], name: str, wanted: Words, known: Collection[Accelerator]) -> CardMatch | None:
    """The usual one of the rows that fit, by kind, size and cores; `known` are all rows."""
    rows = _of_the_kind([each.row for each in fits], wanted)
    if not rows:
        return None
    sizes = wanted.sizes_gib or tuple(sorted({size for each in fits for size in each.sizes_gib}))
    sheets = _of_the_size([each.sheet for each in rows], name, sizes, [each.row.sheet for each in fits], known)
    cores = {wanted.cores, *(each.cores for each in fits)}
    sheets = [each for each in sheets if not isinstance(each, AppleChip) or each.gpu_cores in cores] or sheets
    match = usual(sheets, wanted.series)
    unread = tuple(sorted(frozenset[str]().union(*(each.unread for each in fits if each.row.sheet is match.sheet))))
    why = None
    if is_laptop(match.sheet) and not wanted.laptop and not wanted.chip & {"m", "s"} and "maxq" not in wanted.forms:
        why = "a laptop's card: no other has that name"
    memory_gib = sizes[0] if sizes and len(sizes_gib(match.sheet)) != 1 else None
    if isinstance(match.sheet, AppleChip) and sizes:
        memory_gib = sizes[0]
    return whole_board(replace(match, memory_gib=memory_gib, unread=unread, why=why))


def _of_the_kind(rows: Sequence[NamedSheet], wanted: Words) -> list[NamedSheet]:
    """The laptop's or the desktop's cards, whichever is meant, in the form and with the memory that is named."""
    has_laptops = any(is_laptop(each.sheet) for each in rows)
    is_maxq = (
        "maxq" in wanted.forms
        and has_laptops
        and not any("maxq" in each.forms and not is_laptop(each.sheet) for each in rows)
    )
    if wanted.laptop or is_maxq:
        rows = [each for each in rows if is_laptop(each.sheet) or (not has_laptops and _is_inside(each.sheet))]
    else:
        rows = [each for each in rows if not is_laptop(each.sheet)] or list(rows)
    for form in () if is_maxq else sorted(wanted.forms):
        built = [each for each in rows if form in each.forms or (form == "pcie" and "sxm" not in each.forms)]
        if not built and form in ("sxm", "nvl", "fhhl"):
            return []
        rows = built or rows
    if wanted.forms and (exact := [each for each in rows if each.forms == wanted.forms]):
        rows = exact
    if wanted.memory_type:
        rows = [each for each in rows if _memory_type(each.sheet) == wanted.memory_type] or rows
    return list(rows)


def _is_inside(sheet: Accelerator) -> bool:
    """Whether it is part of a processor, in laptops and elsewhere."""
    return isinstance(sheet, AppleChip) or sheet.unified


def _memory_type(sheet: Accelerator) -> str | None:
    return None if isinstance(sheet, AppleChip) else sheet.memory_type.casefold()


def _of_the_size(
    sheets: list[Accelerator],
    name: str,
    sizes: Collection[float],
    namesakes: Sequence[Accelerator] = (),
    known: Iterable[Accelerator] = (),
) -> list[Accelerator]:
    """The cards with the memory that is named, of one device or of all on the board.

    Raises UsageError where none has it; of the `namesakes`, a laptop's card with that memory is worth a word, and of
    all that is `known`, another chip of Apple's.
    """
    if not sizes:
        return sheets
    right = [each for each in sheets if any(has_size(each, size) for size in sizes)]
    right = right or [each for each in sheets if any(has_size(each, size / gpus_a_board(each)) for size in sizes)]
    if right:
        return right
    if _is_inside(sheets[0]):
        has = "; ".join(f"{each.id} has {sold(each)}" for each in sheets[:4])
        meant = other_chips(known, min(sizes), sheets[0]) if isinstance(sheets[0], AppleChip) else None
        hint = f"{f'{meant} ' if meant else ''}{has} GB; {of_that_size(sheets[0], min(sizes))}"
        raise UsageError(f"'{name}': no such card or chip has {min(sizes):g} GB.", f"{hint}.")
    said = [f"{each.id} has {sold(each)}" for each in sheets[:4]]
    laptops = [each for each in namesakes if is_laptop(each) and each not in sheets]
    said += [f"{each.id}, a laptop's card, {sold(each)}" for each in laptops if has_size(each, min(sizes))]
    raise UsageError(f"'{name}': no such card or chip has {min(sizes):g} GB.", f"{'; '.join(said)} GB. {BY_HAND}.")


def _by_a_part(rows: Sequence[NamedSheet], name: str, wanted: Words) -> CardMatch | None:
    """The match of a name that is a part of the rows' own: "7840U", "orin"."""
    told = wanted.chip - _TELLS_NO_FAMILY
    if not any(len(each) > 3 or (len(each) > 2 and not each.isdigit()) for each in told):
        return None
    found = [each for each in rows if any(wanted.chip < spelled.chip for spelled in each.spellings)]
    found = _of_the_kind(found, wanted)
    sheets = [each.sheet for each in found if not is_modified(each.sheet)]
    if not sheets:
        return None
    sheets = _of_the_size(sheets, name, wanted.sizes_gib)
    if len(sheets) > 1 and len([each for each in sheets if is_usual(each)]) != 1:
        shown = ", ".join(each.id for each in sheets[:6])
        more = f" and {len(sheets) - 6} more" if len(sheets) > 6 else ""
        raise UsageError(f"'{name}' may mean {shown}{more}.", "give one of these ids.")
    match = usual(sheets, wanted.series)
    why = None if match.others else "the only one with that in its name"
    return replace(
        match, why=why, memory_gib=wanted.sizes_gib[0] if wanted.sizes_gib and _is_inside(match.sheet) else None
    )


def usual(sheets: Sequence[Accelerator], series: frozenset[str], rebuilt: bool = False) -> CardMatch:
    """The one of `sheets` that is usual, or else the least of them.

    Rebuilt cards are left out where there are others, unless `rebuilt`: people name them by their size.
    """
    if not rebuilt:
        sheets = [each for each in sheets if not is_modified(each)] or list(sheets)

    def order(sheet: Accelerator) -> tuple[object, ...]:
        is_plain = not re.search(r"\d+gb|gddr|server|maxq|sff|oem|dual", sheet.id)
        exact = bool(series) and named(sheet).series == series
        least = min(sizes_gib(sheet), default=0.0)
        speed = sheet.gpu_cores if isinstance(sheet, AppleChip) else (sheet.fp32_tflops or 0.0)
        usual = place_among_usual(sheet)
        return is_laptop(sheet), usual, not is_plain, not exact, least, sheet.bandwidth_gb_s or 0.0, speed

    taken, *others = sorted(sheets, key=order) if len(sheets) > 1 else sheets
    return CardMatch(taken, others=tuple(each.id for each in others if not _same_chip(each, taken)))


def _same_chip(one: Accelerator, other: Accelerator) -> bool:
    """Whether two rows are one processor's graphics, under the name of each: Strix Halo and the Radeon 8060S."""
    if isinstance(one, AppleChip) or isinstance(other, AppleChip) or one.gfx is None or not one.unified:
        return False
    return (one.gfx, one.fp16_tensor_tflops, one.bandwidth_gb_s) == (
        other.gfx,
        other.fp16_tensor_tflops,
        other.bandwidth_gb_s,
    )
