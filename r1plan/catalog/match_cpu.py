"""What a person or a system calls a processor, brought to its row of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from r1plan.catalog.hardware import CpuSheet
from r1plan.errors import NotFound, UsageError

_BY_HAND = "--cores N --ram-bandwidth GB/S describe any."
# What systems and shops add to a name: clocks, core counts, the graphics inside, the generation.
_ADDED = (
    r"\((?:r|tm|c)\)|[®™©]",
    r"@?\s*\b[\d.]+\s*[gm]hz.*",
    r"\b\d+[- ]cores?\b",
    r"\b(?:w/|with)\s.*",
    r"\bradeon\b.*",
    r"\b\d+(?:st|nd|rd|th)\s+gen(?:eration)?\b",
)
_NOISE = frozenset({"amd", "intel", "ampere", "qualcomm", "nvidia", "aws", "cpu", "processor", "apu", "genuine", "the"})
# Between models of one chip: "F" has no graphics, "P" is for one socket.
_SAME_CHIP = re.compile(r"(\d{4,5}k?)f|(\d[\df]\d{2})p")
_TIMES = re.compile(
    r"(?:(?P<first>\d)\s*[x×*]\s*|(?P<dual>dual|two)\s+)(?P<name>\S.*)|(?P<named>\S.*?)\s+[x×*]\s*(?P<last>\d)",
    re.IGNORECASE,
)


def sockets_and_name(text: str) -> tuple[int, str]:
    """How many of a processor `text` says, and its name: `2x EPYC 9654`, `dual EPYC 9654`, `EPYC 9654 x2`."""
    found = _TIMES.fullmatch(text.strip())
    if found is None:
        return 1, text.strip()
    number = 2 if found["dual"] else int(found["first"] or found["last"])
    return number, found["name"] or found["named"]


def find_cpu(cpus: Mapping[str, CpuSheet], name: str) -> CpuSheet:
    """The processor that `name` means: an id, a marketed name, what a system calls it, or the model alone.

    Raises UsageError when it is a family's name, NotFound when it is none, with near models of the same family.
    """
    if name.casefold() in cpus:
        return cpus[name.casefold()]
    wanted = _words(name)
    if not wanted:
        raise UsageError(f"'{name}' is no processor's name.", "for example --cpu 'EPYC 9654'")
    known = [(each, _words(spelled)) for each in cpus.values() for spelled in (each.name, *each.aliases)]
    if _models(wanted):
        spoken = frozenset().union(*(words for _, words in known))
        strange = wanted - spoken - _models(wanted)  # "Milan", a shop's words; "E5" is one of a family that is not here
        wanted -= {each for each in strange if not re.search(r"\d", each)}
    for meant in _readings(wanted):
        same = [(each, words) for each, words in known if meant <= words and _models(meant) == _models(words)]
        same = same or [(each, words) for each, words in known if meant <= words and _models(meant)]
        if same:
            fewest = min(len(words) for _, words in same)
            return next(each for each, words in same if len(words) == fewest)
    packed = re.sub(r"[^a-z0-9]", "", name.casefold())
    for each, _ in known:  # "Snapdragon(R) X Elite - X1E78100": a model that is written in one word
        if len(model := _packed(each.name)) > 6 and model in packed:
            return each
    if not _models(wanted):
        family = [each for each, words in known if wanted <= words]
        if family:
            raise UsageError(
                f"'{name}' is a family of processors.", f"add the model, such as {family[0].name}; or {_BY_HAND}"
            )
        raise NotFound(f"unknown processor '{name}'.", _BY_HAND)
    near = _near(wanted, known)
    if near:
        raise NotFound(f"unknown processor '{name}'.", f"did you mean {', '.join(near)}? Or {_BY_HAND}", near)
    raise NotFound(f"unknown processor '{name}'.", _BY_HAND)


@lru_cache(maxsize=4096)
def _words(name: str) -> frozenset[str]:
    text = name.casefold().replace("plus", "+")
    for added in _ADDED:
        text = re.sub(added, " ", text)
    text = re.sub(r"\bmax\s*\+", "max+", text)
    text = re.sub(r"\br([3579])[ -](?=\d{4})", r"ryzen \1 ", text)
    text = re.sub(r"\btr\b", "threadripper", text)
    text = re.sub(r"\bxeon 6 ", "xeon ", text)
    return frozenset(each.strip("-") for each in re.findall(r"[a-z0-9+]+", text)) - _NOISE - {"", "+"}


def _models(words: Iterable[str]) -> frozenset[str]:
    """The words that say which model it is: with three digits and more, or as short as N100."""
    return frozenset(each for each in words if len(re.findall(r"\d", each)) >= 2)


def _readings(wanted: frozenset[str]) -> list[frozenset[str]]:
    """`wanted`, and what it says of the same chip: without F or P at the end, with the + that people leave out."""
    readings = [wanted]
    for model in _models(wanted):
        if found := _SAME_CHIP.fullmatch(model):
            readings.append(wanted - {model} | {found[1] or found[2]})
        readings.append(wanted - {model} | {f"{model}+"})
    if "max" in wanted:
        readings.append(wanted - {"max"} | {"max+"})
    return readings


def _generation(model: str) -> str:
    """The digits of a model that say its generation: 8 of 8650u, 13 of 13700k and of a laptop's 1365u, 9 of 9654."""
    found = re.search(r"\d+", model)
    digits = "" if found is None else found[0]
    if len(digits) == 4 and digits.startswith("1"):
        return digits[:2]
    return digits[:-3] if len(digits) > 3 else f"{digits[:1]} of three"


def _packed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold().split()[-1])


def _near(wanted: frozenset[str], known: list[tuple[CpuSheet, frozenset[str]]]) -> tuple[str, ...]:
    """Up to three names of the same family and generation whose model is nearest."""
    from difflib import get_close_matches

    series = wanted - _models(wanted)
    by_model: dict[str, list[str]] = {}
    for each, words in known:
        if series <= words:
            for model in _models(words):
                by_model.setdefault(model, []).append(each.name)
    cutoff = 0.5 if series else 0.75
    near = [
        name
        for model in _models(wanted)
        for close in get_close_matches(
            model, [each for each in by_model if _generation(each) == _generation(model)], n=3, cutoff=cutoff
        )
        for name in by_model[close]
    ]
    return tuple(dict.fromkeys(near))[:3]
