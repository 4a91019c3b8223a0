"""What a model has read: its cache of tokens, also as bytes, and the one after them that it finds likely."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from r1plan.engine.local.llama.at_work import AbortFlag, Calculation, wait_for
from r1plan.engine.local.llama.library import library
from r1plan.engine.local.llama.model import LoadedModel, NotLoaded
from r1plan.engine.local.llama.params import context_parameters
from r1plan.engine.local.llama.sampler import Sampler
from r1plan.engine.local.settings import LoadSettings

_ABORTED = 2  # llama.h, llama_decode
# Longer than this, and whoever presses Ctrl-C would notice that it waits.
_SLOW_S = 0.02
# How long what was broken off may take to end, before it is left alone.
_ENDS_WITHIN_S = 0.04


class NotDecoded(Exception):
    """llama.cpp could not calculate; `code` is what llama_decode gave back. What was read before is still there."""

    def __init__(self, code: int) -> None:
        super().__init__(f"llama_decode gave back {code}")
        self.code = code


class ModelContext:
    """The cache of one conversation with `model`, of `size` tokens, on `cores` threads where nobody said how many.

    `tokens` are those that are in the cache. Raises NotLoaded where there is no room for it.
    """

    def __init__(self, model: LoadedModel, settings: LoadSettings, cores: int) -> None:
        functions = self._functions = library()
        self._abort, self._calculator = AbortFlag(), model.calculator
        self._begun: tuple[Calculation, Sequence[int]] | None = None
        parameters = context_parameters(settings, cores, model.metadata("general.architecture"))
        self.batch: int = parameters.n_batch
        self.settings = settings
        self.pointer: Any = functions.llama_init_from_model(model.pointer, parameters)
        if not self.pointer:
            raise NotLoaded
        self.size: int = functions.llama_n_ctx(self.pointer)
        self.tokens: list[int] = []
        self._memory = functions.llama_get_memory(self.pointer)
        callback = ctypes.cast(self._abort.callback, functions.ggml_abort_callback)
        self._callback = callback
        functions.llama_set_abort_callback(self.pointer, callback, self._abort.data)
        self._one = (ctypes.c_int32 * 1)()
        self._batch_of_one = functions.llama_batch_get_one(self._one, 1)
        self._decode, self._sample = functions.llama_decode, functions.llama_sampler_sample
        self._is_slow = False
        self._step_s = self._sample_s = 0.0

    def keep(self, count: int) -> int:
        """Forget all but the first `count` tokens; the number that is left, 0 where the model can only forget all."""
        self._settle()
        count = min(count, len(self.tokens))
        if count < len(self.tokens) and not self._functions.llama_memory_seq_rm(self._memory, 0, count, -1):
            count = 0
        if not count:
            self._functions.llama_memory_clear(self._memory, True)
        del self.tokens[count:]
        return count

    def evaluate(self, tokens: Sequence[int], *, goes_on: bool = False) -> None:
        """Read `tokens`, at most `batch`, after those that are there. `goes_on`: others come at once.

        A card has read them then, but where others come: it calculates while those are got ready.

        Raises NotDecoded, and KeyboardInterrupt at once when a signal came, or `abort` was called; they may be read
        then, or not.
        """
        self._settle()
        held, functions, pointer = (ctypes.c_int32 * len(tokens))(*tokens), self._functions, self.pointer

        def call() -> int:
            code: int = self._decode(pointer, functions.llama_batch_get_one(held, len(tokens)))
            if not goes_on:
                functions.llama_synchronize(pointer)
            return code

        self._abort.take_down()
        calculation = Calculation(call)
        self._begun = calculation, tokens
        self._calculator.begin(calculation)
        try:
            wait_for(calculation)
        except BaseException:
            self._abort.put_up()
            calculation.has_ended.wait(_ENDS_WITHIN_S)
            raise
        self._check(self._settle())

    def step(self, token: int) -> None:
        """The same of one token, as quickly as it goes."""
        began = perf_counter()
        if self._is_slow:
            self.evaluate((token,))
        else:
            if self._begun:
                self._settle()
            self._one[0] = token
            if code := self._decode(self.pointer, self._batch_of_one):
                self._drop_unread()
                self._check(code)
            self.tokens.append(token)
        # The first one of a card takes long, as it gets ready there.
        self._step_s = perf_counter() - began
        self._is_slow = self._step_s > _SLOW_S

    def sample(self, sampler: Sampler) -> int:
        """The next token, drawn by `sampler` from what the last one read makes likely."""
        began = perf_counter()
        token: int = self._sample(sampler.chain, self.pointer, -1)
        self._sample_s = perf_counter() - began
        return token

    @property
    def calculates_beside(self) -> bool:
        """Whether a token that is read is calculated on a card, beside the program: the next is what is waited for."""
        return 0 < self._step_s < self._sample_s

    def wait(self) -> None:
        """Until all is calculated: cards do it beside the program."""
        self._functions.llama_synchronize(self.pointer)

    def abort(self) -> None:
        """End what is calculated now, from another thread."""
        self._abort.put_up()

    @property
    def state_bytes(self) -> int:
        """The size of what `state` gives."""
        self._settle()
        size: int = self._functions.llama_state_seq_get_size(self.pointer, 0)
        return size

    def state(self) -> Any:
        """The cache's content, for `restore` into a context of the same model with the same types of cache."""
        size = self.state_bytes
        data = (ctypes.c_uint8 * size)()
        if self._functions.llama_state_seq_get_data(self.pointer, data, size, 0) != size:
            raise NotDecoded(-1)
        return data

    def restore(self, state: Any, tokens: Sequence[int]) -> bool:
        """Have `tokens` in the cache again, whose `state` it is; False where it does not go in, and nothing is kept."""
        self.keep(0)
        if not self._functions.llama_state_seq_set_data(self.pointer, state, len(state), 0):
            self.keep(0)
            return False
        self.tokens = list(tokens)
        return True

    def close(self) -> None:
        """Free it, once what was begun and given up has ended."""
        if self.pointer:
            free, pointer = self._functions.llama_free, self.pointer
            self.pointer, self.tokens, self._begun = None, [], None
            self._calculator.at_the_end(lambda: free(pointer))

    def _settle(self) -> int:
        """Wait for what was begun, and have in the list what is in the cache; what llama_decode gave back of it."""
        if self._begun is None:
            return 0
        calculation, tokens = self._begun
        wait_for(calculation)
        if calculation.code:
            self._drop_unread()
        self.tokens, self._begun = [*self.tokens, *(() if calculation.code else tokens)], None
        self._abort.take_down()
        return calculation.code

    def _drop_unread(self) -> None:
        """Forget what was read of a batch before it was broken off."""
        self._functions.llama_memory_seq_rm(self._memory, 0, len(self.tokens), -1)

    def _check(self, code: int) -> None:
        if code == _ABORTED:
            self._abort.take_down()
            raise KeyboardInterrupt
        if code:
            raise NotDecoded(code)
