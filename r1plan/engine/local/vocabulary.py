"""A loaded model's words: a conversation to tokens through its chat template, and a token to its bytes."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from r1plan.engine.chat import Message
from r1plan.engine.local.chat_template import ChatTemplate
from r1plan.engine.prompt import opens_thinking, prompt_pieces
from r1plan.errors import EngineError


class Vocabulary:
    """The tokens of `llama`, a `llama_cpp.Llama` from the file `path`, whose chat template runs in `template`.

    Raises EngineError without a chat template.
    """

    def __init__(self, llama: Any, path: Path, template: ChatTemplate) -> None:
        self._llama = llama
        self._vocab = llama._model.vocab
        self._render = _template(llama, path, template)

    def prompt(self, messages: Sequence[Message]) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether the template has opened the thinking."""
        pieces = prompt_pieces(messages, self._render)
        tokens: list[int] = []
        for piece in pieces:
            tokens += self.tokens(piece.text, special=True) if piece.special else self._plain(piece.text)
        start = self._llama.token_bos()
        if self._llama._model.add_bos_token() and tokens[:1] != [start]:
            tokens.insert(0, start)
        return tokens, opens_thinking(pieces)

    def tokens(self, text: str, *, special: bool) -> list[int]:
        """The tokens of `text`, with `special` those that steer the model among them."""
        tokens: list[int] = self._llama.tokenize(text.encode("utf-8", "replace"), add_bos=False, special=special)
        return tokens

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
        from llama_cpp import LLAMA_TOKEN_ATTR_CONTROL, LLAMA_TOKEN_ATTR_USER_DEFINED, llama_vocab_get_attr

        marked = LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED
        model = self._llama._model
        return {model.token_get_text(each) for each in set(tokens) if llama_vocab_get_attr(self._vocab, each) & marked}

    def single(self, text: str) -> int | None:
        """The one special token that `text` is; None where it takes several."""
        tokens = self.tokens(text, special=True)
        return tokens[0] if len(tokens) == 1 else None

    def piece(self, token: int) -> bytes | None:
        """The bytes that a token stands for; None for the ones that end a turn."""
        import llama_cpp

        if llama_cpp.llama_vocab_is_eog(self._vocab, token):
            return None
        size = 64
        while True:
            buffer = (ctypes.c_char * size)()
            length: int = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if length >= 0:
                return buffer.raw[:length]
            size = -length


def _template(llama: Any, path: Path, template: ChatTemplate) -> ChatTemplate:
    """`template` with the text that the file holds."""
    source = llama.metadata.get("tokenizer.chat_template")
    if not source:
        raise EngineError(f"{path.name} has no chat template.", "it may be a base model; use one made for chat.")

    def text(token: int) -> str:
        return llama._model.token_get_text(token) if token != -1 else ""

    template.use(source, bos=text(llama.token_bos()), eos=text(llama.token_eos()))
    return template
