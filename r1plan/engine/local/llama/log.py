"""What llama.cpp says while it works: never shown, and read where something went wrong or was allocated."""

from __future__ import annotations

import ctypes
from collections import deque

from r1plan.engine.local.llama.library import library

_LEVEL_DEBUG, _LEVEL_ERROR = 1, 4  # ggml.h, enum ggml_log_level
_MOST_LINES = 4096
_callback: list[object] = []  # llama.cpp keeps a bare pointer to the last one


class EngineLog:
    """From here on llama.cpp's own log comes here, of all models in this process, and nowhere else.

    `errors` are the last lines that say one; `lines` the last of all but those for debugging, where they are wanted. A
    line ends with its own newline, and may have come in pieces.
    """

    def __init__(self, *, keeps_all: bool = False) -> None:
        functions = library()
        self.errors: deque[str] = deque(maxlen=20)
        self.lines: deque[str] = deque(maxlen=_MOST_LINES)

        @functions.llama_log_callback  # type: ignore[untyped-decorator, unused-ignore]
        def capture(level: int, text: bytes, _data: object) -> None:
            # Of what is said at each token, thousands of lines would push out what was said once.
            if level >= _LEVEL_ERROR or (keeps_all and level != _LEVEL_DEBUG):
                said = text.decode("utf-8", "replace")
                if level >= _LEVEL_ERROR:
                    self.errors.append(said)
                if keeps_all:
                    self.lines.append(said)

        functions.llama_log_set(capture, ctypes.c_void_p(0))
        _callback[:] = [capture]

    @property
    def text(self) -> str:
        """All errors, as they were said."""
        return "".join(self.errors)

    @property
    def last(self) -> str:
        """What was said last of an error, as a part of a sentence."""
        return self.errors[-1].strip().rstrip(".") if self.errors else ""

    def forget(self) -> None:
        """Begin anew."""
        self.errors.clear()
        self.lines.clear()
