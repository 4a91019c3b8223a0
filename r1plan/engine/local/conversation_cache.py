"""What a model here has read of a conversation: kept between turns, and grown where a conversation needs more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from r1plan.engine.local.llama.context import ModelContext
from r1plan.engine.local.llama.log import EngineLog
from r1plan.engine.local.llama.model import LoadedModel
from r1plan.engine.local.llama.sampler import Sampler
from r1plan.engine.local.load import OutOfMemory, open_context
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError

# An answer of R1 is some thousand tokens long: room for one is made when its prompt is read, and not in the middle.
_ROOM_FOR_AN_ANSWER = 2048


class ContextFull(Exception):
    """The context holds all the tokens that it can."""


class ConversationCache:
    """The context of `model`, of the file called `name`; `most` tokens are the most that it may grow to.

    Raises OutOfMemory and EngineError. All tokens that it was given and has not forgotten are evaluated.
    """

    def __init__(self, model: LoadedModel, name: str, settings: LoadSettings, most: int, log: EngineLog) -> None:
        self._model, self._name, self._log = model, name, log
        self._context = open_context(model, name, settings, log)
        self._size = min(self._context.size, model.trained_context)
        self.most = min(max(most, self._size), model.trained_context)

    @property
    def tokens(self) -> Sequence[int]:
        """What is evaluated."""
        return self._context.tokens

    @property
    def context(self) -> ModelContext:
        """The context as it is now: another after it has grown."""
        return self._context

    def begin(self, prompt: Sequence[int]) -> int:
        """Forget what `prompt` does not begin with, and make room for it; how many of its tokens are evaluated.

        The last is always evaluated anew: what follows it is to be known.
        """
        held = self._context.tokens
        common = next((at for at, (a, b) in enumerate(zip(held, prompt, strict=False)) if a != b), None)
        if common is None:
            common = min(len(held), len(prompt))
        cached = self._context.keep(min(common, len(prompt) - 1))
        if len(prompt) >= self._size < self.most:
            self._grow(len(prompt) + _ROOM_FOR_AN_ANSWER)
            cached = len(self._context.tokens)
        if len(prompt) >= self._size:
            raise EngineError(
                f"the prompt has {len(prompt):,} tokens, and there is room for a context of {self._size:,}.",
                "shorten it, or free memory.",
            )
        return cached

    def read(self, tokens: Sequence[int]) -> Iterator[None]:
        """Evaluate `tokens` after what is there, batch by batch; gives the word between two, to be given up there."""
        batch = self._context.batch
        for begin in range(0, len(tokens), batch):
            if begin:
                yield
            self._context.evaluate(tokens[begin : begin + batch])

    def step(self, token: int) -> None:
        """Evaluate one token. Raises ContextFull where there is no room for it."""
        if len(self._context.tokens) >= self._size:
            if self._size < self.most:
                self._grow(self._size + 1)
            if len(self._context.tokens) >= self._size:
                raise ContextFull
        self._context.step(token)

    def sample(self, sampler: Sampler) -> int:
        """The next token."""
        return self._context.sample(sampler)

    def close(self) -> None:
        """Free it."""
        self._context.close()

    def _grow(self, needed: int) -> None:
        """Have room for `needed` tokens, or as many as there may be, with all that is evaluated.

        Two contexts seldom fit beside each other, so the content waits in main memory. Where the larger one finds no
        room, the old one comes again, and is the most.
        """
        size = self._size
        while size < min(needed, self.most):
            size *= 2
        size = min(size, self.most)
        settings, tokens = self._context.settings, list(self._context.tokens)
        state = self._context.state() if tokens else None
        self._context.close()
        try:
            self._context = open_context(self._model, self._name, replace(settings, context_tokens=size), self._log)
        except OutOfMemory:
            self._context = open_context(self._model, self._name, settings, self._log)
            self.most = self._size
        self._size = min(self._context.size, self.most)
        if state is not None and not self._context.restore(state, tokens):
            for begin in range(0, len(tokens), self._context.batch):
                self._context.evaluate(tokens[begin : begin + self._context.batch])
