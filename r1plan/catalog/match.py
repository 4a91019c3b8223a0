"""What a person or a driver calls something, brought to the one row of the catalogue that it means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from r1plan.catalog.hardware import Accelerator, AppleChip, Hardware
from r1plan.errors import NotFound, UsageError
from r1plan.units import GIB

T = TypeVar("T")

_NOISE = frozenset({"nvidia", "amd", "intel", "apple", "geforce", "tesla", "radeon", "instinct", "r", "tm", "gpu"})
_NOISE |= {"graphics", "generation", "workstation", "server", "edition", "design", "with", "hgx", "dgx"}
_SERIES = frozenset({"rtx", "gtx", "rx", "arc"})
_FORMS = frozenset({"sxm", "pcie", "nvl"})
# What a driver shows of a marketed size: ECC takes up to 6.3 % (L4, A10G, A40), rounding gives at most 1 %.
_SHOWN_LEAST, _SHOWN_MOST = 0.92, 1.01


def find(kind: str, known: Mapping[str, T], name: str) -> T:
    """The value of `known` whose id is `name`, without regard to case, punctuation or a leading `deepseek`.

    Raises NotFound, which names `kind` and offers near ids.
    """
    if name in known:
        return known[name]
    for plain in (str.casefold, _letters_and_digits, _without_maker):
        same = [value for id_, value in known.items() if plain(id_) == plain(name)]
        if len(same) == 1:
            return same[0]
    raise NotFound.among(kind, name, known)


def find_accelerator(hardware: Hardware, name: str, total_bytes: int | None = None) -> Accelerator:
    """The graphics card or Apple chip that `name` means: an id, a marketed name, a driver's name, or a part of one.

    `total_bytes` is the memory that a driver reports; it decides between variants of one name, and a card whose memory
    disagrees is not the same card. Raises UsageError when several remain, NotFound when none does.
    """
    known = hardware.accelerators
    if name.casefold() in known and total_bytes is None:
        return known[name.casefold()]
    printed = [each for each in known.values() if name in each.driver_names and _agrees(_ANY, each, total_bytes)]
    if total_bytes is not None and len(printed) == 1:
        return printed[0]
    wanted = _described(name)
    described = [(each, _described(each.id), _described(each.name)) for each in known.values()]
    same = [each for each, by_id, by_name in described if wanted.words in (by_id.words, by_name.words)]
    if not same:
        same = [
            each for each, by_id, by_name in described if wanted.words and wanted.words <= by_id.words | by_name.words
        ]
    same = [each for each in same if _agrees(wanted, each, total_bytes)]
    if len(same) > 1:  # "RTX 2060" is rtx-2060 and not rtx-2060-12gb, but "RTX 3080" may be either of two
        same = [each for each in same if replace(_described(each.id), series=wanted.series) == wanted] or same
    if len(same) > 1 and not wanted.forms:  # "H200" is the usual one, on SXM
        same = [each for each in same if "sxm" in _described(each.id).forms] or same
    if len(same) == 1:
        return same[0]
    if same:
        raise UsageError(f"'{name}' may mean {', '.join(each.id for each in same)}.", "give one of these ids")
    near = _near(name, known.values())
    if near:
        raise NotFound(f"unknown hardware '{name}'.", f"did you mean {', '.join(near)}?", near)
    raise NotFound(f"unknown hardware '{name}'.", "r1plan recommend --vram GiB --bandwidth GB/s describes any card")


@dataclass(frozen=True, slots=True)
class _Description:
    """A name taken apart: `words` say which chip, the rest which variant of it."""

    words: frozenset[str]
    series: frozenset[str]
    forms: frozenset[str]
    memory_type: str | None
    memory_gib: float | None
    cores: int | None


_ANY = _Description(frozenset(), frozenset(), frozenset(), None, None, None)


def _described(name: str) -> _Description:
    text = name.casefold().replace("max-q", "maxq").replace("laptop", "mobile")
    memory_gib = cores = memory_type = None
    if found := re.search(r"(\d+(?:\.\d+)?)[ -]?gi?b(?![a-z])", text):
        memory_gib = float(found[1])
        text = text.replace(found[0], " ")
    if found := re.search(r"(?<![a-z\d])(\d+)[ -]?c(?:ores?)?(?![a-z\d])", text):
        cores = int(found[1])
        text = text.replace(found[0], " ")
    for found in re.finditer(r"hbm\d[a-z]?", text):
        memory_type = found[0]
        text = text.replace(found[0], " ")
    words = frozenset(re.findall(r"[a-z]+|\d+", re.sub(r"sxm\d", "sxm", text))) - _NOISE
    return _Description(words - _SERIES - _FORMS, words & _SERIES, words & _FORMS, memory_type, memory_gib, cores)


def _near(name: str, known: Iterable[Accelerator]) -> tuple[str, ...]:
    """Up to three ids that may be meant: "409" is near rtx-4090, of which people say the number alone."""
    from difflib import get_close_matches

    spelled: dict[str, list[str]] = {}
    for each in known:
        for text in {_core(each.id), _letters_and_digits(each.id)}:
            spelled.setdefault(text, []).append(each.id)
    wanted = {_core(name), _letters_and_digits(name)}
    found = [each for text in wanted if text for each in get_close_matches(text, spelled, n=3, cutoff=0.6)]
    closest = sorted(dict.fromkeys(found), key=lambda each: -max(_likeness(text, each) for text in wanted))
    return tuple(dict.fromkeys(id_ for each in closest for id_ in spelled[each]))[:3]


def _likeness(one: str, other: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, one, other).ratio()


def _core(name: str) -> str:
    """What people call a card: "4090" of "NVIDIA GeForce RTX 4090 24GB", "h100" of "h100-sxm-80gb"."""
    text = re.sub(r"\d+ ?gi?b\b", " ", name.casefold())
    words = re.findall(r"[a-z]+|\d+", re.sub(r"sxm\d?", "sxm", text))
    return "".join(each for each in words if each not in _NOISE | _SERIES | _FORMS)


def _agrees(wanted: _Description, each: Accelerator, total_bytes: int | None) -> bool:
    """Whether what `wanted` says beyond the chip's name is true of `each`."""
    if isinstance(each, AppleChip):
        sizes: tuple[float, ...] = each.memory_options_gib
        if wanted.cores not in (None, each.gpu_cores) or wanted.series or wanted.forms:
            return False
    else:
        sizes = (each.vram_gib,) if each.vram_gib is not None else each.memory_options_gib
        by_name = _described(f"{each.id} {each.name}")
        if not (wanted.series <= by_name.series and wanted.forms <= by_name.forms):
            return False
        if wanted.memory_type not in (None, each.memory_type.casefold()):
            return False
    if not sizes:  # whatever the owner put in
        return True
    if wanted.memory_gib is not None and wanted.memory_gib not in sizes:
        return False
    return total_bytes is None or any(_SHOWN_LEAST <= total_bytes / GIB / size <= _SHOWN_MOST for size in sizes)


def _letters_and_digits(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def _without_maker(text: str) -> str:
    return re.sub(r"^(deepseek(ai)?)+", "", _letters_and_digits(text))
