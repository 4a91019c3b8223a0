"""What `--gpu` says: which cards, and how many of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import normalize

from r1plan.catalog.hardware import Hardware
from r1plan.errors import R1PlanError, UsageError
from r1plan.hardware.described import DescribedCard
from r1plan.hardware.machine import MOST_CARDS
from r1plan.hardware.names.match import CardMatch, find_card, match_card, whole_board
from r1plan.hardware.names.unknown import unknown

_IN_WORDS = {"one": 1, "single": 1, "two": 2, "dual": 2, "double": 2, "pair of": 2, "a pair of": 2, "three": 3}
_IN_WORDS |= {"triple": 3, "four": 4, "quad": 4, "six": 6, "eight": 8, "octo": 8, "ten": 10, "sixteen": 16}
_WORDED = re.compile(rf"({'|'.join(sorted(_IN_WORDS, key=len, reverse=True))})[\s-]+(\S.*)", re.IGNORECASE)
# Other ways to say how many. A name may look like one itself, as "rtx 490" and "7900xtx 24" do, so it is read whole
# first.
_COUNTED = (
    re.compile(
        r"(?P<number>\d{1,9})\s*(?:[x×*]|pcs\b|pieces\b)\s*(?:of\s+)?(?P<name>(?=.*(?:[a-z]|\d{3}))\S.*)", re.IGNORECASE
    ),
    re.compile(r"(?P<name>\S.*?)\s*(?:\s[x×*]\s*|[x×*]|\(\s*[x×*]\s*)(?P<number>\d{1,9})\s*\)?", re.IGNORECASE),
    re.compile(r"(?P<name>\S.*?)(?:\s+|\s*\(\s*)(?P<number>\d{1,3})\s*[x×*]\s*\)?", re.IGNORECASE),
    re.compile(r"(?P<number>[2-9]|1\d|[2-9]\d)\s+(?P<name>\S.*\d.*)"),
)
_NO_CARD = frozenset({"none", "no", "0", "off", "false", "null", "nothing", "no gpu", "cpu only", "cpu-only"})
_BETWEEN = re.compile(r"[,+&]|\band\b", re.IGNORECASE)
_SIZE = re.compile(r"(\d+)(?=\s*gi?b?\b)", re.IGNORECASE)


def cards_of(gpu: Iterable[str], hardware: Hardware) -> list[DescribedCard]:
    """What each `ID[:N]` means; `2x3090`, `3090 x2` and `dual 3090` are ways to write it too.

    Raises UsageError for an empty id, a size that the card is not sold with, or a number that is none; NotFound for an
    unknown card.
    """
    return [_cards(each, hardware) for each in gpu]


def _cards(text: str, hardware: Hardware) -> DescribedCard:
    name, colon, number = (part.strip() for part in normalize("NFKC", text).partition(":"))
    if not name:
        raise UsageError(f"--gpu '{text}': expected ID or ID:N.", "for example --gpu rtx-4090:2")
    if colon:
        return _several(text, name, number, hardware)
    if name.casefold() in _NO_CARD:
        raise UsageError(f"--gpu '{text}' names no card.", "a machine without one is --cpu-only --ram GIB")
    parts = [each.strip() for each in _BETWEEN.split(name)]
    if len(parts) > 1 and all(parts) and all(_is_known(each, hardware) for each in parts):
        raise _names_several(text, parts)
    if worded := _WORDED.fullmatch(name):
        return _several(text, worded[2], str(_IN_WORDS[worded[1].lower()]), hardware)
    begins = _COUNTED[0].fullmatch(name)
    if begins and len(begins["number"]) < 4:  # no card's name begins so
        return _several(text, begins["name"], begins["number"], hardware)
    if match := match_card(hardware, name):
        numbers = re.findall(r"\d{3,}", name)
        if len(set(numbers)) < len(numbers):
            raise _names_several(text, [match.sheet.id] * 2)
        return _described(match if match.devices > 1 else whole_board(match), name, 1)
    if len(parts) > 1 and all(parts):
        cards = [each for each in parts if _is_known(each, hardware)]
        if len(cards) == 1:
            raise UsageError(
                f"--gpu '{text}' names more than a card.", f"a processor is --cpu NAME: --gpu '{cards[0]}'"
            )
        raise _names_several(text, parts)
    counted = [found for pattern in _COUNTED if (found := pattern.fullmatch(name))]
    for times in counted:
        if match_card(hardware, times["name"]):
            return _several(text, times["name"], times["number"], hardware)
    errors = [unknown(hardware.accelerators.values(), each) for each in (name, *(times["name"] for times in counted))]
    raise next((each for each in errors if each.near), errors[0])


def _is_known(text: str, hardware: Hardware) -> bool:
    try:
        _cards(text, hardware)
    except R1PlanError:
        return False
    return True


def _names_several(text: str, names: list[str]) -> UsageError:
    each_its_own = " ".join(f"--gpu '{each}'" if " " in each else f"--gpu {each}" for each in names[:4])
    return UsageError(f"--gpu '{text}' names several cards.", f"give each its own: {each_its_own}")


def _several(text: str, name: str, number: str, hardware: Hardware) -> DescribedCard:
    try:
        match = find_card(hardware, name)
    except UsageError as error:
        whole = _all_together(name, number)
        if whole is None:
            raise
        try:
            match = find_card(hardware, whole)
        except R1PlanError:
            raise error from None
    if not (number.isascii() and number.isdigit() and 0 < int(number) <= MOST_CARDS):
        raise UsageError(
            f"--gpu {text}: expected 1 to {MOST_CARDS:,} cards, got '{number}'.", "for example --gpu rtx-4090:2"
        )
    return _described(match, name, int(number))


def _all_together(name: str, number: str) -> str | None:
    """The name with the memory of one card, where it says that of all: "3090 48GB" of two."""
    size = _SIZE.search(name)
    if size is None or not number.isdigit() or int(number) < 2 or int(size[1]) % int(number):
        return None
    return f"{name[: size.start(1)]}{int(size[1]) // int(number)}{name[size.end(1) :]}"


def _described(match: CardMatch, name: str, count: int) -> DescribedCard:
    return DescribedCard(match.sheet, count * match.devices, match.memory_gib, match.note(name))
