"""From a GGUF file to a model in memory; every way in which that fails as one sentence."""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from r1plan.errors import EngineError
from r1plan.files.plain import opened_plain
from r1plan.models.gguf.foreign import FIRST_BYTES, NotAModel, check_first_bytes
from r1plan.models.gguf.source import LocalFile, few, models_in

_INSTALL = (
    "pip install 'r1plan[local]' (compiles for about 4 minutes); for a GPU put "
    'CMAKE_ARGS="-DGGML_CUDA=on" before it, or -DGGML_METAL=on (Apple), or -DGGML_VULKAN=on (AMD, Intel).'
)


def usable_cores() -> int:
    """The cores that this process may use: more threads than that make llama.cpp wait for itself."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores


def check_file(path: Path) -> None:
    """Raise EngineError when `path` cannot be a GGUF file at all."""
    try:
        with opened_plain(path) as file:
            first = file.read(FIRST_BYTES)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError as error:
        raise EngineError(f"there is no file '{path}'.", "check the path given to --model.") from error
    except IsADirectoryError as error:
        held = models_in(path)
        hint = f"name a file in it: {few(held)}." if held else "name a .gguf file; there is none in it."
        raise EngineError(f"'{path}' is a directory, not a GGUF file.", hint) from error
    except OSError as error:
        raise EngineError(f"cannot read '{path}': {error.strerror}.", "check the path and its permissions.") from error
    check_first_bytes(path.name, size, first)


_LEVEL_ERROR, _LEVEL_CONTINUED = 4, 5  # ggml.h, enum ggml_log_level
_callbacks: list[object] = []  # llama.cpp keeps a bare pointer to the last one


def captured_log() -> deque[str]:
    """Silence llama.cpp; its last error lines come into the returned deque."""
    try:
        import llama_cpp
    except ImportError as error:
        raise EngineError("llama-cpp-python is not installed.", _INSTALL) from error
    lines: deque[str] = deque(maxlen=20)

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator, unused-ignore]
    def capture(level: int, text: bytes, _data: object) -> None:
        if level >= _LEVEL_ERROR:
            lines.append(text.decode("utf-8", "replace"))

    llama_cpp.llama_log_set(capture, ctypes.c_void_p(0))
    _callbacks[:] = [capture]
    return lines


def uses_gpu() -> bool:
    """Whether this build of llama.cpp puts a model's layers on a graphics card."""
    import llama_cpp

    return bool(llama_cpp.llama_supports_gpu_offload())


def load(path: Path, context_tokens: int, threads: int, log: deque[str]) -> Any:
    """The `llama_cpp.Llama` of a file. Raises EngineError, with what llama.cpp said in `log`."""
    import llama_cpp

    try:
        with _no_template_run_here():
            return llama_cpp.Llama(
                str(path),
                n_ctx=context_tokens,
                n_threads=threads,
                n_threads_batch=threads,
                n_gpu_layers=-1 if uses_gpu() else 0,
                verbose=False,
            )
    except (ValueError, AssertionError, OSError) as error:
        raise _load_error(path, context_tokens, "".join(log), str(error)) from error


@contextmanager
def _no_template_run_here() -> Iterator[None]:
    """Keep llama-cpp-python from compiling the file's chat template, which can take all time and memory there is."""
    from llama_cpp import llama_chat_format

    theirs = llama_chat_format.Jinja2ChatFormatter
    llama_chat_format.Jinja2ChatFormatter = _NoFormatter
    try:
        yield
    finally:
        llama_chat_format.Jinja2ChatFormatter = theirs


class _NoFormatter:
    """In the place of llama-cpp-python's own, which nobody here asks."""

    def __init__(self, **_: object) -> None: ...

    def to_chat_handler(self) -> None: ...


def _no_model(path: Path) -> NotAModel | None:
    """What a file is that llama.cpp did not load, where its header says that it is no model, or a shard is missing."""
    from r1plan.models.gguf.file import read_gguf

    try:
        read_gguf(LocalFile(path))
    except NotAModel as error:
        return error
    except EngineError:
        pass
    return None


def _load_error(path: Path, context_tokens: int, log: str, said: str) -> EngineError:
    """What llama.cpp's log means, as one sentence."""
    if (what := _no_model(path)) is not None:
        return what
    name = path.name
    again = "download it again; it may have been broken off."
    if "unknown model architecture" in log:
        architecture = log.partition("architecture: '")[2].partition("'")[0]
        return EngineError(
            f"{name}: this llama.cpp does not know the architecture '{architecture}'.",
            "a newer llama-cpp-python may, or the file is not of a language model.",
        )
    if any(
        each in log for each in ("not within the file bounds", "failed to read", "unexpectedly reached end of file")
    ):
        return EngineError(f"{name} is incomplete: the file ends before its contents do.", again)
    if "llama_context" in said:
        return EngineError(
            f"{name}: llama.cpp could not set up a context of {context_tokens:,} tokens.",
            "lower --context, or free memory.",
        )
    reason = log.strip().rpartition("\n")[2].rpartition(": ")[2] if log.strip() else said
    return EngineError(f"{name}: llama.cpp cannot load it: {reason.strip().rstrip('.')}.", again)


def last_line(log: deque[str]) -> str:
    """What llama.cpp said last, as a part of a sentence."""
    return log[-1].strip().rstrip(".") if log else ""
