"""What a person calls something, brought to the one row of the catalogue that it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from r1plan.errors import NotFound

T = TypeVar("T")


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


def _letters_and_digits(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def _without_maker(text: str) -> str:
    return re.sub(r"^(deepseek(ai)?)+", "", _letters_and_digits(text))
