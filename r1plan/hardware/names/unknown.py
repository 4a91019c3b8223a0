"""What to answer to a card's name that nobody knows: near spellings of the same family, and how to describe a card."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

from r1plan.catalog.hardware import Accelerator, AppleChip
from r1plan.errors import NotFound
from r1plan.hardware.names.one_memory import ONE_MEMORY_BY_HAND, other_chips
from r1plan.hardware.names.sheets import (
    NamedSheet,
    candidates,
    is_laptop,
    is_modified,
    maker,
    named,
    place_among_usual,
    text_of,
)
from r1plan.hardware.names.words import ENDINGS, PROCESSORS, Words, is_shop_word, words_of

BY_HAND = "--vram GIB --bandwidth GB/S [--vendor NAME] describes any card"
_WORDS_LIKE = {"super": "super", "laptop": "laptop", "mobile": "mobile", "notebook": "laptop"}


def unknown(sheets: Iterable[Accelerator], name: str) -> NotFound:
    """The error for `name`, which is none of `sheets`.

    Its hint offers near spellings of the same family, says so where they are another kind of card, and ends with how to
    describe a card by hand.
    """
    wanted = words_of(name)
    message = f"unknown hardware '{name}'."
    word = _family_word(wanted)
    lists = f"`r1plan hardware {word}` lists what is known" if word else "`r1plan hardware` lists what is known"
    if wanted.chip & PROCESSORS or "ryzen" in name.casefold():
        return NotFound(message, f"a processor is given with --cpu '{name}'; {lists}; {BY_HAND}.")
    known = list(sheets)
    near = _near(known, wanted)
    if not near and wanted.makers == {"apple"} and not wanted.chip:
        return NotFound(message, _of_a_mac(known, wanted, lists))
    if not near:  # "mi300x 2"
        near = _near(known, replace(wanted, chip=frozenset(each for each in wanted.chip if not _is_stray(each))))
    if near:
        return NotFound(message, f"did you mean {', '.join(near)}? {lists.capitalize()}; {BY_HAND}.", near)
    if wanted.laptop and (desktop := _of_the_desk(known, wanted)):
        return NotFound(
            message, f"no laptop's card of that name is known, and {desktop} is the desktop's; {lists}; {BY_HAND}."
        )
    return NotFound(message, f"{lists}; {BY_HAND}.")


def _of_a_mac(sheets: list[Accelerator], wanted: Words, lists: str) -> str:
    """What to say to a Mac's name without its chip's."""
    meant = other_chips(sheets, min(wanted.sizes_gib)) if wanted.sizes_gib else None
    named = "About This Mac names the chip: --gpu 'M3 Pro 18GB'"
    return f"{meant or named}{' ' if meant else '; '}{lists}; {ONE_MEMORY_BY_HAND}."


def _is_stray(word: str) -> bool:
    return word.isdigit() and len(word) < 3


def looks_like(word: str) -> str | None:
    """The word of a chip's name that `word` may be a slip of: "laptpo", "suepr". None: of none."""
    from difflib import get_close_matches

    close = get_close_matches(word, _WORDS_LIKE, n=1, cutoff=0.75) if len(word) > 3 else []
    return _WORDS_LIKE[close[0]] if close else None


def _family_word(wanted: Words) -> str:
    """A word by which `r1plan hardware` finds the family, "" where nothing tells it."""
    for series in ("jetson", "quadro", "tesla", "gtx", "rtx", "rx", "arc"):
        if series in wanted.series:
            return series
    return next(iter(sorted(wanted.makers)), "")


def _near(sheets: list[Accelerator], wanted: Words) -> tuple[str, ...]:
    """Up to three ids of the same family, of whose name the number or a word is mistyped, the nearest first."""
    typed = _spelled(wanted)
    if len(typed) < (3 if re.search(r"\d", typed) else 4):
        return ()
    found: list[tuple[float, int, str]] = []
    for sheet in _sharing_digits(sheets, typed):
        if is_modified(sheet) or is_laptop(sheet) != wanted.laptop or not wanted.makers <= {maker(sheet)}:
            continue
        row = named(sheet)
        if _same_family(row, wanted) and (far := _best(row, typed)):
            found.append((-far, place_among_usual(sheet), sheet.id))
    nearest = min(found, default=(0.0,))[0]
    return tuple(id_ for far, _, id_ in sorted(found) if far < nearest + 0.1)[:3]


def _sharing_digits(sheets: list[Accelerator], typed: str) -> list[Accelerator]:
    """The rows with a number that may be that of `typed` but for one digit: a first, cheap look."""
    digits = max(re.findall(r"\d+", typed), key=len, default="")
    if not digits:
        return [each for each in sheets if any(word[:1] == typed[:1] for word in re.findall("[a-z]+", text_of(each)))]
    return [
        each
        for each in sheets
        if any(
            abs(len(run) - len(digits)) < 2 and len(set(run) & set(digits)) >= len(set(digits)) - 1
            for run in re.findall(r"\d+", f"{each.id} {' '.join(each.aliases)}")
        )
    ]


def _best(row: NamedSheet, typed: str) -> float:
    """How near the nearest spelling of the row is, 0 too far; of two alike, the one that begins like it."""
    from difflib import SequenceMatcher

    nearest = 0.0
    for words in row.spellings:
        spelled = _spelled(words)
        if _is_slip(typed, spelled):
            begins = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(typed, spelled, strict=False)))
            nearest = max(nearest, SequenceMatcher(None, typed, spelled).ratio() + begins / 100)
    return nearest


def _is_slip(typed: str, meant: str) -> bool:
    """Whether `typed` may be `meant` with a slip of the fingers.

    A digit left out, doubled or swapped with its neighbour is one, and a wrong last digit; another wrong digit is
    another card. Letters may differ by one, or be left out at the end.
    """
    if typed == meant:
        return True
    digits, others = re.findall(r"\d+", typed), re.findall(r"\d+", meant)
    if digits == others:
        letters, known = re.sub(r"\d", "", typed), re.sub(r"\d", "", meant)
        return _one_apart(letters, known) or (bool(digits) and bool(letters) and known.startswith(letters))
    if len(digits) != len(others) or re.sub(r"\d", "", typed) != re.sub(r"\d", "", meant):
        return False
    wrong = [(one, other) for one, other in zip(digits, others, strict=True) if one != other]
    if len(wrong) != 1:
        return False
    one, other = wrong[0]
    if len(other) < 3 or len(one) < 2:
        return False
    return (len(one) == len(other) and one[:-1] == other[:-1]) or (
        _one_apart(one, other) and (len(one) != len(other) or sorted(one) == sorted(other))
    )


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter is left out, added, wrong, or swapped with the next."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or len(other) < 3:
        return False
    start = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    rest, other_rest = one[start:], other[start:]
    return rest[1:] == other_rest[1:] or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])


def _spelled(words: Words) -> str:
    """The chip's words in one, the number first as far as there is one: "4090", "3080ti", "m3max"."""
    chip = [each for each in words.chip if not (each.isalpha() and is_shop_word(each) and each not in ENDINGS)]
    return "".join(sorted(chip, key=lambda each: (each.isalpha(), each)))


def _same_family(row: NamedSheet, wanted: Words) -> bool:
    """Whether what `wanted` says of maker and series is true of the row, a GTX for an RTX excepted."""
    if not wanted.makers <= {maker(row.sheet)}:
        return False
    if isinstance(row.sheet, AppleChip):
        return not wanted.series
    return wanted.series - {"rtx", "gtx"} <= row.series


def _of_the_desk(sheets: list[Accelerator], wanted: Words) -> str | None:
    """The id of the desktop's card whose chip has that name."""
    for row in candidates(sheets, wanted):
        if is_laptop(row.sheet) or not _same_family(row, wanted):
            continue
        if any(each.chip == wanted.chip for each in row.spellings):
            return row.sheet.id
    return None
