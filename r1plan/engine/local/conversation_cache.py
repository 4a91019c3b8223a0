"""What a model here has read of a conversation: kept between turns, and grown where a conversation needs more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from r1plan.engine.local.llama.context import ModelContext, NotDecoded
from r1plan.engine.local.llama.log import EngineLog
from r1plan.engine.local.llama.model import LoadedModel
from r1plan.engine.local.llama.sampler import Sampler
from r1plan.engine.local.load import OutOfMemory, open_context
from r1plan.engine.local.room.no_room import lack_of
from r1plan.engine.local.room.step_down import FileLayers, Lack, Ladder, LoadChange, LoadFallback
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError
from r1plan.units import pad

# An answer of R1 is some thousand tokens long: room for one is made when its prompt is read, and not in the middle.
_ROOM_FOR_AN_ANSWER = 2048
_MEASURED_TOKENS = 64  # fewer at once take longer, each
_CELLS = 256  # llama.cpp rounds a cache up to it


class ContextFull(Exception):
    """The context holds all the tokens that it can."""


class ConversationCache:
    """The context of `model`, of the file called `name`; `most` tokens are the most that it may grow to.

    What a larger one gives up where there is no room for it, `fallback` says. Raises OutOfMemory and EngineError. All
    tokens that it was given and has not forgotten are evaluated.

    What follows a piece that the next prompt leaves out, as templates leave out the thinking of earlier turns, is read
    anew. llama.cpp could move it instead, but it was read with that piece before it: the answers would be others than
    those to the same conversation in another run.
    """

    def __init__(
        self,
        model: LoadedModel,
        name: str,
        settings: LoadSettings,
        most: int,
        log: EngineLog,
        fallback: LoadFallback = LoadFallback(),
    ) -> None:
        self._model, self._name, self._log, self._fallback = model, name, log, fallback
        self._read_tokens, self._read_s = 0, 0.0
        self._context = self._opened(settings)
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
        if self._context.pointer is None:  # it had to give way to a larger one, and found no room again
            self._context = self._opened(self._context.settings)
        common = common_length(self._context.tokens, prompt)
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
        batch, began = self._context.batch, perf_counter()
        for begin in range(0, len(tokens), batch):
            if begin:
                yield
            self._context.evaluate(tokens[begin : begin + batch], goes_on=begin + batch < len(tokens))
        if len(tokens) >= _MEASURED_TOKENS:
            self._context.wait()
            self._read_tokens += len(tokens)
            self._read_s += perf_counter() - began

    @property
    def prefill_tok_s(self) -> float | None:
        """How fast it has read prompts; None where it has read too little to tell."""
        return self._read_tokens / self._read_s if self._read_s > 0 else None

    def adopt(self, tokens: Sequence[int], state: Any, room: int) -> bool:
        """Have `tokens`, whose `state` it is, and then room for `room` tokens in all; False where it does not go in.

        Nothing may be evaluated before.
        """
        if max(room, len(tokens)) >= self._size < self.most:
            self._grow(max(room, len(tokens)) + _ROOM_FOR_AN_ANSWER)
        return len(tokens) <= self._size and self._context.restore(state, tokens)

    def step(self, token: int) -> None:
        """Evaluate one token. Raises ContextFull where there is no room for it."""
        if len(self._context.tokens) >= self._size:
            if self._size < self.most:
                self._grow(self._size + 1)
            if len(self._context.tokens) >= self._size:
                raise ContextFull
        self._context.step(token)

    def written(self, sampler: Sampler, spliced: list[int]) -> Iterator[int]:
        """What the model writes after what it has read, until there is no room.

        What is put into `spliced` comes next, and it writes on from there. A card is given each token before it is
        shown, and calculates meanwhile.
        """
        try:
            while True:
                while spliced:
                    yield (token := spliced.pop(0))
                    self.step(token)
                token = self._context.sample(sampler)
                is_ahead = self._context.calculates_beside and len(self._context.tokens) < self._size
                if is_ahead:
                    self.step(token)
                yield token
                if not is_ahead:
                    self.step(token)
        except ContextFull:
            return

    def close(self) -> None:
        """Free it."""
        self._context.close()

    def _opened(self, settings: LoadSettings) -> ModelContext:
        return open_context(self._model, self._name, settings, self._log, self._fallback.reserve_bytes)

    def _grow(self, needed: int) -> None:
        """Have room for `needed` tokens, or as many as there may be, with all that is evaluated.

        Two contexts seldom fit beside each other, so the content waits in main memory. Where the larger one finds no
        room, it gives up what it may, and else the old one comes again, and is the most.
        """
        old, tokens = self._context.settings, list(self._context.tokens)
        state = self._state()
        self._context.close()
        lacks: list[Lack] = []
        for settings in self._larger(old, needed, lacks):
            try:
                self._context = self._opened(settings)
                break
            except OutOfMemory as error:
                lacks.append(lack_of(error))
            except EngineError:  # a type of cache that this model or build does not take
                continue
        else:
            self._context = self._opened(old)
            self.most = self._size
        self._size = min(self._context.size, self.most)
        if lacks:
            self._tell(old, needed, lacks)
        if state is None or old.kv_type != self._context.settings.kv_type or not self._context.restore(state, tokens):
            list(self.read(tokens))

    def _larger(self, old: LoadSettings, needed: int, lacks: list[Lack]) -> Iterator[LoadSettings]:
        """What to try for `needed` tokens: twice as many for what is to come, just these, and then with a loss."""
        size = self._size
        while size < min(needed, self.most):
            size *= 2
        size, just = min(size, self.most), min(pad(needed, _CELLS), self.most)
        yield replace(old, context_tokens=size)
        settings: LoadSettings | None = replace(old, context_tokens=just)
        if just < size and settings is not None:
            yield settings
        architecture = self._model.metadata("general.architecture")
        small = self._model.metadata(f"{architecture}.attention.kv_lora_rank") is not None
        ladder = Ladder(self._fallback, FileLayers(small_cache=small), growing=True)
        while settings is not None and lacks:
            settings = ladder.next(settings, lacks[-1])
            if settings is not None:
                yield settings

    def _tell(self, old: LoadSettings, needed: int, lacks: list[Lack]) -> None:
        """What a larger context has cost, or that there is none. Fewer tokens than twice as many are no loss."""
        now = self._context.settings
        grown = now.context_tokens > old.context_tokens
        wanted = replace(old, context_tokens=now.context_tokens if grown else needed)
        if now != wanted:
            device = lacks[-1].device
            holders = () if device is None else self._fallback.holders(device)
            self._fallback.changed(LoadChange(wanted, now, tuple(lacks), holders=holders))

    def _state(self) -> Any:
        """What is evaluated, in main memory; None where that has no room for it."""
        try:
            return self._context.state() if self._context.tokens else None
        except (MemoryError, NotDecoded):
            return None


def common_length(held: Sequence[int], prompt: Sequence[int]) -> int:
    """How many tokens both begin with."""
    common = next((at for at, (a, b) in enumerate(zip(held, prompt, strict=False)) if a != b), None)
    return min(len(held), len(prompt)) if common is None else common
