"""A mapped file that is cut short, or whose disk fails, while it is read: SIGBUS, which ends a process without a word.

Nothing can go on, as a thread of llama.cpp stands at a page that is not there. So the sentence is written, and that is
the end. What Python calls itself at a signal would never run: that thread comes back to the same page.
"""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Any

_handler: Any = None  # C holds its address


def say_lost_pages(name: str) -> None:
    """From now on, end with a sentence about the file called `name` where its pages are gone."""
    global _handler
    if not hasattr(signal, "SIGBUS"):
        return
    said = (
        f"\nerror: {name} was cut short while it was read, or its disk failed.\n"
        "hint:  download it again, or look at the disk; --no-mmap reads a file once and whole.\n"
    ).encode("utf-8", "replace")

    def end(_number: int) -> None:
        os.write(2, said)
        os._exit(1)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(end)
    set_handler = ctypes.CDLL(None).signal
    set_handler.restype, set_handler.argtypes = ctypes.c_void_p, (ctypes.c_int, ctypes.c_void_p)
    set_handler(signal.SIGBUS, ctypes.cast(handler, ctypes.c_void_p))
    _handler = handler
