"""A conversation through a model's own chat template, with what people wrote kept apart from the template's text.

Only the template's text may hold special tokens: a user who types `<｜Assistant｜>` has typed thirteen characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from r1plan.engine.chat import Message
from r1plan.engine.thinking import CLOSE, OPEN
from r1plan.errors import EngineError

_ANOTHER = "look for another GGUF of the model."

# Unicode noncharacters: no template holds them, and what people wrote is not rendered at all.
_SLOT = re.compile("\ufdd0([0-9]{1,9})\ufdd1")
# No context holds more; a template that says each turn a thousand times does.
_MOST_CHARACTERS = 1 << 26

Render = Callable[[list[dict[str, str]]], str]
"""A chat template: messages as {"role", "content"} to the prompt, generation prompt included."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prompt. `special` is true for the template's own text, whose special tokens count."""

    text: str
    special: bool


def prompt_pieces(messages: Sequence[Message], render: Render) -> tuple[Piece, ...]:
    """The prompt for `messages`, in order. What `render` raises passes through.

    Raises EngineError for a template that makes up turns, or says them so often that no context could hold them.
    """
    slots = [{"role": each.role, "content": f"\ufdd0{index}\ufdd1"} for index, each in enumerate(messages)]
    pieces, characters = [], 0
    for index, part in enumerate(_SLOT.split(render(slots))):
        if index % 2 and int(part) >= len(messages):
            raise EngineError(f"the model's chat template holds a turn {part}, which nobody wrote.", _ANOTHER)
        piece = Piece(messages[int(part)].content, special=False) if index % 2 else Piece(part, special=True)
        characters += len(piece.text)
        if characters > _MOST_CHARACTERS:
            raise EngineError(f"the prompt is longer than {_MOST_CHARACTERS:,} characters.", "shorten it.")
        pieces.append(piece)
    return tuple(piece for piece in pieces if piece.text)


def opens_thinking(pieces: Sequence[Piece], mark: str = OPEN) -> bool:
    """Whether the template itself ends with `mark`, so that the model's text begins inside its thinking."""
    return bool(pieces) and pieces[-1].special and pieces[-1].text.rstrip().endswith(mark)


def with_opened(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """`pieces` with the `<think>` that DeepSeek wants before every answer of R1, where their template leaves it out.

    A template that has closed the thinking again means it.
    """
    if not pieces or not pieces[-1].special or pieces[-1].text.rstrip().endswith((OPEN, CLOSE)):
        return tuple(pieces)
    return (*pieces[:-1], Piece(pieces[-1].text + f"{OPEN}\n", special=True))
