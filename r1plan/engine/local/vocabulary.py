"""A loaded model's words: a conversation to tokens through its chat template, and a token to its bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from r1plan.engine.chat import Effort, Message
from r1plan.engine.local.chat_template import ChatTemplate
from r1plan.engine.local.dialect import THINK, Channels, is_harmony, thinking_marks, unknown_mark
from r1plan.engine.local.llama.model import LoadedModel
from r1plan.engine.local.model_rules import model_rules, without_system
from r1plan.engine.prompt import opens_thinking, prompt_pieces, with_opened
from r1plan.engine.thinking import ThinkSplitter
from r1plan.errors import EngineError


class Vocabulary:
    """The words of `model`, from the file called `name`, whose chat template runs in `template`.

    `source` is the template's text, None: the file's own. Raises EngineError without a chat template.
    """

    def __init__(self, model: LoadedModel, name: str, template: ChatTemplate, source: str | None = None) -> None:
        self._model = model
        given = source is not None
        source = source or model.metadata("tokenizer.chat_template")
        if not source:
            raise EngineError(
                f"{name} has no chat template.",
                "a base model has none: use one made for chat, or give its template: --chat-template FILE.jinja",
            )
        template.use(source, bos=model.text_of(model.start), eos=model.text_of(model.end), given=given)
        self._render = template
        self.rules = model_rules(model.metadata, name)
        self.marks = thinking_marks(source, lambda text: self.single(text) is not None)
        self.unknown_mark = unknown_mark(source)
        self._harmony = is_harmony(source)

    def prompt(self, messages: Sequence[Message], effort: Effort | None = None) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether the thinking is open at its end. Raises EngineError."""
        kept = messages if self.rules.takes_system else without_system(messages)
        pieces = prompt_pieces(kept, lambda slots: self._render(slots, effort))
        if self.rules.opens_thinking and self.marks == THINK:
            pieces = with_opened(pieces)
        tokens: list[int] = []
        for piece in pieces:
            tokens += self.tokens(piece.text, special=True) if piece.special else self._plain(piece.text)
        if self._model.adds_start and tokens[:1] != [self._model.start]:
            tokens.insert(0, self._model.start)
        return tokens, self._harmony or opens_thinking(pieces, self.marks.open)

    def splitter(self, *, opened: bool) -> ThinkSplitter:
        """What tells the thinking from the answer, between this model's marks."""
        if self.marks == THINK:
            return ThinkSplitter(opened=opened)
        return ThinkSplitter(opened=opened, names=(), marks=((self.marks.open, self.marks.close),))

    def channels(self) -> Channels | None:
        """What follows the channels of an answer; None where the model writes none."""
        ids = {mark: self.single(mark) for mark in Channels.MARKS} if self._harmony else {}
        known = {mark: token for mark, token in ids.items() if token is not None}
        return Channels(known) if len(known) == len(Channels.MARKS) else None

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
