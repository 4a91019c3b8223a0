"""What a constant of a card's speed is: its value, how far it is known, and how many rows say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Fitted(NamedTuple):
    """`error` is one deviation as a share of `value`; `rows` are those that it touches, 0 for one that is assumed."""

    value: float
    error: float = 0.0
    rows: int = 0


class CardConstants(NamedTuple):
    """All that the speed of cards rests on beside their sheets.

    `kinds` are the factors of each kind of card on its elder's constants, by the constant's name; those of a kind
    without an elder are the constants themselves. `operations` are what a weight of each of ggml's types takes to
    unpack and multiply, `prompts` by how much longer a product with many columns takes with a type than with Q4_0.
    `shared` are those of all cards. `spreads` are by how large a share a token's time and a prompt's may be off.
    """

    kinds: Mapping[str, Mapping[str, float]]
    operations: Mapping[str, float]
    prompts: Mapping[str, float]
    shared: Mapping[str, float]
    spreads: Mapping[str, tuple[float, float]]


def card_constants(
    kinds: Mapping[str, Mapping[str, Fitted]],
    operations: Mapping[str, Fitted],
    prompts: Mapping[str, Fitted],
    shared: Mapping[str, Fitted],
    spreads: Mapping[str, tuple[float, float]],
) -> CardConstants:
    """The constants without their errors."""
    return CardConstants(
        {of: {name: each.value for name, each in found.items()} for of, found in kinds.items()},
        {name: each.value for name, each in operations.items()},
        {name: each.value for name, each in prompts.items()},
        {name: each.value for name, each in shared.items()},
        spreads,
    )
