"""A conversation through a model's own chat template, with what people wrote kept apart from the template's text.

Only the template's text may hold special tokens: a user who types `<｜Assistant｜>` has typed thirteen characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from r1plan.engine.chat import Message
from r1plan.engine.thinking import OPEN

# Unicode noncharacters: no template holds them, and what people wrote is not rendered at all.
_SLOT = re.compile("\ufdd0(\\d+)\ufdd1")

Render = Callable[[list[dict[str, str]]], str]
"""A chat template: messages as {"role", "content"} to the prompt, generation prompt included."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prompt. `special` is true for the template's own text, whose special tokens count."""

    text: str
    special: bool


def prompt_pieces(messages: Sequence[Message], render: Render) -> tuple[Piece, ...]:
    """The prompt for `messages`, in order. What `render` raises passes through."""
    slots = [{"role": each.role, "content": f"\ufdd0{index}\ufdd1"} for index, each in enumerate(messages)]
    parts = _SLOT.split(render(slots))
    pieces = (
        Piece(messages[int(part)].content, special=False) if index % 2 else Piece(part, special=True)
        for index, part in enumerate(parts)
    )
    return tuple(piece for piece in pieces if piece.text)


def opens_thinking(pieces: Sequence[Piece]) -> bool:
    """Whether the template itself ends with `<think>`, so that the model's text begins inside it."""
    return bool(pieces) and pieces[-1].special and pieces[-1].text.rstrip().endswith(OPEN)
