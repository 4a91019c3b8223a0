"""llama.cpp's C functions as llama-cpp-python binds them, and the devices that its build can calculate on."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import sys
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

from r1plan.errors import EngineError

INSTALL = "pip install 'r1plan[local]'; for a graphics card, r1plan doctor says the command that builds it."

DeviceKind = Literal["cpu", "gpu", "igpu", "accelerator"]
# ggml-backend.h, enum ggml_backend_dev_type
_KINDS: tuple[DeviceKind, ...] = ("cpu", "gpu", "igpu", "accelerator")


_silent: list[object] = []  # llama.cpp keeps a bare pointer


class EngineDevice(NamedTuple):
    """What llama.cpp can put layers on: `CUDA0`, `NVIDIA H200`. Bytes are what the driver says at this moment."""

    name: str
    description: str
    kind: DeviceKind
    free_bytes: int
    total_bytes: int


@cache
def library() -> Any:
    """The module of C functions, initialised. Raises EngineError where llama-cpp-python is absent or does not load."""
    try:
        functions = _functions()
    except ModuleNotFoundError as error:
        raise EngineError("llama-cpp-python is not installed.", INSTALL) from error
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise EngineError(
            f"llama-cpp-python cannot be loaded: {error}.", "r1plan doctor says what mends it."
        ) from error

    @functions.llama_log_callback  # type: ignore[untyped-decorator, unused-ignore]
    def silent(_level: int, _text: bytes, _data: object) -> None: ...

    _silent.append(silent)
    functions.llama_log_set(silent, ctypes.c_void_p(0))  # a card that is found would be told on standard error
    functions.llama_backend_init()
    return functions


def _functions() -> ModuleType:
    """`llama_cpp.llama_cpp`, without what the package imports beside it: numpy and more, which take five times as long.

    The package stands in `sys.modules` as an empty one meanwhile, and whoever imports it later gets the whole.
    """
    name, inner = "llama_cpp", "llama_cpp.llama_cpp"
    if name in sys.modules:
        return importlib.import_module(inner)
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(name)
    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations or ())
    package.__spec__ = ModuleSpec(name, None, is_package=True)
    sys.modules[name] = package
    try:
        importlib.import_module("llama_cpp._ggml")  # `ggml` would get the whole package for it, and its logger with it
        return importlib.import_module(inner)
    finally:
        del sys.modules[name]


@cache
def ggml() -> Any:
    """The library of ggml, whose functions the binding does not declare: each caller says their types."""
    library()
    held = sys.modules.get("llama_cpp._ggml")
    return (held or importlib.import_module("llama_cpp._ggml")).libggml


def library_file() -> Path:
    """The file of llama.cpp itself, which another build is another of."""
    functions = library()
    return Path(getattr(getattr(functions, "_lib", None), "_name", None) or functions.__file__)


def function(name: str, result: Any, *arguments: Any) -> Any:
    """The function of ggml called `name`, with its C types. Raises AttributeError where this build has none."""
    found = getattr(ggml(), name)
    found.restype, found.argtypes = result, list(arguments)
    return found


def uses_gpu() -> bool:
    """Whether this build of llama.cpp puts a model's layers on a graphics card."""
    return bool(library().llama_supports_gpu_offload())


def devices() -> tuple[EngineDevice, ...]:
    """All that this build can calculate on, in llama.cpp's order: a tensor split counts the cards among them."""
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    size = ctypes.POINTER(ctypes.c_size_t)
    count = function("ggml_backend_dev_count", ctypes.c_size_t)
    get = function("ggml_backend_dev_get", pointer, ctypes.c_size_t)
    name = function("ggml_backend_dev_name", text, pointer)
    description = function("ggml_backend_dev_description", text, pointer)
    kind = function("ggml_backend_dev_type", ctypes.c_int, pointer)
    memory = function("ggml_backend_dev_memory", None, pointer, size, size)
    found = []
    for number in range(count()):
        device, free, total = get(number), ctypes.c_size_t(), ctypes.c_size_t()
        memory(device, ctypes.byref(free), ctypes.byref(total))
        which = kind(device)
        found.append(
            EngineDevice(
                name(device).decode("utf-8", "replace"),
                description(device).decode("utf-8", "replace"),
                _KINDS[which] if which < len(_KINDS) else "accelerator",
                free.value,
                total.value,
            )
        )
    return tuple(found)
