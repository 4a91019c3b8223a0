"""A loaded model: its words, and what its file says of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from r1plan.engine.local.llama.at_work import Calculator
from r1plan.engine.local.llama.library import library
from r1plan.engine.local.llama.lost_pages import say_lost_pages
from r1plan.engine.local.llama.params import ModelParameters
from r1plan.engine.local.settings import LoadSettings

_TEXT_BYTES = 1 << 14
_MOST_TEXT_BYTES = 1 << 24


class NotLoaded(Exception):
    """llama.cpp did not load it, and said why in its log."""


class LoadedModel:
    """The model of the file at `path`, whose weights are where `settings` put them.

    `progress` is told the share that is loaded, 0 to 1, and what it raises ends the loading and is raised. Raises
    NotLoaded where llama.cpp cannot load it.
    """

    def __init__(self, path: Path, settings: LoadSettings, progress: Callable[[float], object] | None = None) -> None:
        functions = self._functions = library()
        self.calculator = Calculator()
        if settings.mapped:
            say_lost_pages(path.name)
        raised: list[BaseException] = []

        @functions.llama_progress_callback  # type: ignore[untyped-decorator, unused-ignore]
        def told(share: float, _data: object) -> bool:
            # Also without anybody to tell: in here Python sees that a signal came.
            try:
                if progress is not None:
                    progress(share)
            except BaseException as error:  # nothing can be raised through C
                raised.append(error)
                return False
            return not raised

        parameters = ModelParameters(settings, told)
        self.pointer: Any = functions.llama_model_load_from_file(
            str(path).encode("utf-8", "surrogateescape"), parameters.struct
        )
        if raised:
            self.close()
            raise raised[0]
        if not self.pointer:
            raise NotLoaded
        self._vocabulary = functions.llama_model_get_vocab(self.pointer)
        self.trained_context: int = functions.llama_model_n_ctx_train(self.pointer)
        self.start: int = functions.llama_vocab_bos(self._vocabulary)
        self.end: int = functions.llama_vocab_eos(self._vocabulary)
        self.adds_start = bool(functions.llama_vocab_get_add_bos(self._vocabulary))
        self.vocabulary_size: int = functions.llama_vocab_n_tokens(self._vocabulary)

    def tokens(self, text: str, *, special: bool) -> list[int]:
        """The tokens of `text`, with `special` those that steer the model among them; nothing is put before it."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 16
        while True:
            found = (ctypes.c_int32 * room)()
            count: int = self._functions.llama_tokenize(self._vocabulary, data, len(data), found, room, False, special)
            if count >= 0:
                return found[:count]
            room = -count

    def piece(self, token: int) -> bytes | None:
        """The bytes that a token stands for; None for the ones that end a turn."""
        functions = self._functions
        if functions.llama_vocab_is_eog(self._vocabulary, token):
            return None
        size = 64
        while True:
            buffer = (ctypes.c_char * size)()
            length: int = functions.llama_token_to_piece(self._vocabulary, token, buffer, size, 0, False)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def text_of(self, token: int) -> str:
        """How the vocabulary writes a token; "" for what is none."""
        if token < 0:
            return ""
        text: bytes = self._functions.llama_vocab_get_text(self._vocabulary, token)
        return text.decode("utf-8", "replace")

    def is_marked(self, token: int) -> bool:
        """Whether it is more than text: it steers the model, or whoever made the file defined it."""
        functions = self._functions
        marked = functions.LLAMA_TOKEN_ATTR_CONTROL | functions.LLAMA_TOKEN_ATTR_USER_DEFINED
        return bool(functions.llama_vocab_get_attr(self._vocabulary, token) & marked)

    def metadata(self, key: str) -> str | None:
        """What the file says under `key`, as text; None where it says nothing, or a list."""
        size = _TEXT_BYTES
        while size <= _MOST_TEXT_BYTES:
            buffer = ctypes.create_string_buffer(size)
            length: int = self._functions.llama_model_meta_val_str(self.pointer, key.encode(), buffer, size)
            if length < 0:
                return None
            if length < size:
                return buffer.raw[:length].decode("utf-8", "replace")
            size = length + 1
        return None

    def close(self) -> None:
        """Free it, once what is calculated with it and was given up has ended. Its contexts are to be closed before."""
        if self.pointer:
            free, pointer = self._functions.llama_model_free, self.pointer
            self.pointer = None
            self.calculator.at_the_end(lambda: free(pointer))
            self.calculator.close()
