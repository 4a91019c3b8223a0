"""A loaded model's words: a conversation to tokens through its chat template, and a token to its bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from r1plan.engine.chat import Message
from r1plan.engine.local.chat_template import ChatTemplate
from r1plan.engine.local.llama.model import LoadedModel
from r1plan.engine.prompt import opens_thinking, prompt_pieces
from r1plan.errors import EngineError


class Vocabulary:
    """The words of `model`, from the file called `name`, whose chat template runs in `template`.

    Raises EngineError without a chat template.
    """

    def __init__(self, model: LoadedModel, name: str, template: ChatTemplate) -> None:
        self._model = model
        source = model.metadata("tokenizer.chat_template")
        if not source:
            raise EngineError(f"{name} has no chat template.", "it may be a base model; use one made for chat.")
        template.use(source, bos=model.text_of(model.start), eos=model.text_of(model.end))
        self._render = template

    def prompt(self, messages: Sequence[Message]) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether the template has opened the thinking."""
        pieces = prompt_pieces(messages, self._render)
        tokens: list[int] = []
        for piece in pieces:
            tokens += self.tokens(piece.text, special=True) if piece.special else self._plain(piece.text)
        if self._model.adds_start and tokens[:1] != [self._model.start]:
            tokens.insert(0, self._model.start)
        return tokens, opens_thinking(pieces)

    def tokens(self, text: str, *, special: bool) -> list[int]:
        """The tokens of `text`, with `special` those that steer the model among them."""
        return self._model.tokens(text, special=special)

    def _plain(self, text: str) -> list[int]:
        """What a person wrote, as plain tokens.

        llama.cpp leaves control tokens unparsed but still parses user-defined ones, as some files mark `<think>` or a
        turn's name: such a text is cut after its first character, so that it stays text.
        """
        tokens: list[int] = []
        parts = [text]
        while parts:
            part = parts.pop()
            found = self.tokens(part, special=False)
            # Of one character there is nothing to cut.
            names = [name for name in self._marked(found) if len(name) > 1 and name.strip() and name in part]
            if names:
                edges = [each.start() + 1 for each in re.finditer("|".join(map(re.escape, names)), part)]
                parts += [part[start:end] for start, end in pairwise([0, *edges, len(part)])][::-1]
            else:
                tokens += found
        return tokens

    def _marked(self, tokens: Sequence[int]) -> set[str]:
        """The names of those of `tokens` that are more than text."""
        model = self._model
        return {model.text_of(each) for each in set(tokens) if model.is_marked(each)}

    def single(self, text: str) -> int | None:
        """The one special token that `text` is; None where it takes several."""
        tokens = self.tokens(text, special=True)
        return tokens[0] if len(tokens) == 1 else None

    def piece(self, token: int) -> bytes | None:
        """The bytes that a token stands for; None for the ones that end a turn."""
        return self._model.piece(token)
