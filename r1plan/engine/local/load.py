"""From a GGUF file to a model in memory; every way in which that fails as one sentence."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from r1plan.engine.local.llama.context import ModelContext
from r1plan.engine.local.llama.library import EngineDevice, devices, uses_gpu
from r1plan.engine.local.llama.loading import loaded_beside
from r1plan.engine.local.llama.log import EngineLog
from r1plan.engine.local.llama.model import LoadedModel, NotLoaded
from r1plan.engine.local.room.step_down import LackDuring
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError
from r1plan.files.plain import opened_plain
from r1plan.models.gguf.elsewhere import elsewhere
from r1plan.models.gguf.foreign import FIRST_BYTES, NotAModel, check_first_bytes
from r1plan.models.gguf.source import LocalFile, few, models_in
from r1plan.units import MIB

# What llama.cpp and the drivers say where there is no room: ggml-cuda.cu, ggml-backend.cpp, ggml-alloc.c,
# ggml-vulkan.cpp, ggml-metal, ggml.c, llama-model.cpp, llama-context.cpp.
_NO_ROOM = re.compile(
    r"out of memory|OutOfDeviceMemory|OutOfHostMemory|OUT_OF_DEVICE_MEMORY|OUT_OF_HOST_MEMORY|insufficient memory"
    r"|(?:unable|failed) to allocate (?!compute pp)|failed to allocate.*buffer|not enough (?:space|memory)"
    r"|Insufficient Memory|kIOGPUCommandBufferCallbackErrorOutOfMemory",
    re.IGNORECASE,
)
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
_MOST_SHARDS = 1000
_OF_THE_CACHE = "buffer for kv cache"
_ASKED_MIB = re.compile(r"allocating (\d+(?:\.\d+)?) MiB on device (\d+)")
_ASKED_BYTES = re.compile(r"failed to allocate (\S+) buffer of size (\d+)")
# The backends that take more while they calculate: pools, kernels, cuBLAS (plan/llamacpp/memory/pools.py has figures).
_RESERVING = ("CUDA", "ROCm", "MUSA")
_USUAL_RESERVE_BYTES = 512 * MIB


class OutOfMemory(EngineError):
    """A device had no room: for the weights of the file, for the context or the room to calculate in, or for more.

    `device` is as llama.cpp calls it, such as CUDA0, and `bytes` what was asked of it; None where it does not say.
    """

    def __init__(self, message: str, hint: str, *, during: LackDuring, device: str | None, asked: int | None) -> None:
        super().__init__(message, hint)
        self.during, self.device, self.asked_bytes = during, device, asked


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


def load_model(
    path: Path, settings: LoadSettings, log: EngineLog, progress: Callable[[float], object] | None = None
) -> LoadedModel:
    """The model of a file. Raises OutOfMemory, and EngineError with what llama.cpp said in `log`.

    A file that somebody writes to meanwhile is refused, loaded or not: what was read of it belongs to two files.
    """
    log.forget()
    before = _written(path)
    try:
        model = loaded_beside(lambda told: LoadedModel(path, settings, told), progress, LoadedModel.close)
    except NotLoaded as error:
        if _written(path) != before:
            raise _changed(path.name) from error
        if (what := _no_model(path)) is not None:
            raise what from error
        if _NO_ROOM.search(log.text):
            raise _no_room(path.name, "its weights", log, "weights") from error
        raise _load_error(path.name, log.text) from error
    if _written(path) != before:
        model.close()
        raise _changed(path.name)
    return model


def _written(path: Path) -> list[tuple[int, ...] | None]:
    """Which file stands there, how long it is and when it was written last; of a model in shards, of each."""
    shard = _SHARD.search(path.name)
    names = [path.name]
    if shard is not None and int(shard[2]) <= _MOST_SHARDS:
        stem, count = path.name[: shard.start()], int(shard[2])
        names = [f"{stem}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]
    found: list[tuple[int, ...] | None] = []
    for name in names:
        try:
            said = path.with_name(name).stat()
            found.append((said.st_dev, said.st_ino, said.st_size, said.st_mtime_ns))
        except OSError:
            found.append(None)
    return found


def _changed(name: str) -> EngineError:
    return EngineError(f"{name} was written to while it was read.", "let its download or copy end, then try again.")


def open_context(
    model: LoadedModel, name: str, settings: LoadSettings, log: EngineLog, reserve_bytes: int | None = None
) -> ModelContext:
    """A context of `model`, whose file is called `name`, beside which each card has `reserve_bytes` left.

    None: what its backend usually needs. CUDA takes its pools in the first prompt, and where they find no room it ends
    the process. Raises OutOfMemory and EngineError.
    """
    log.forget()
    try:
        context = ModelContext(model, settings, usable_cores())
    except NotLoaded as error:
        wanted = f"a context of {settings.context_tokens:,} tokens"
        if _NO_ROOM.search(log.text):
            raise _no_room(name, wanted, log, "cache" if _OF_THE_CACHE in log.text else "context") from error
        said = f": {log.last}" if log.last else ""
        raise EngineError(
            f"{name}: llama.cpp could not set up {wanted}{said}.", "lower --context, or free memory."
        ) from error
    try:
        if settings.uses_cards and uses_gpu():
            _check_reserve(name, devices(), reserve_bytes)
    except BaseException:
        context.close()
        raise
    return context


def _check_reserve(name: str, found: Sequence[EngineDevice], reserve_bytes: int | None) -> None:
    """Raise OutOfMemory for a card that has too little left to calculate with."""
    needed = _USUAL_RESERVE_BYTES if reserve_bytes is None else reserve_bytes
    for each in found:
        if each.kind == "gpu" and each.name.startswith(_RESERVING) and each.free_bytes < needed:
            raise OutOfMemory(
                f"{name}: there is no room on {each.name} to calculate in.",
                "lower --context, or free memory.",
                during="working",
                device=each.name,
                asked=needed,
            )


def _no_room(name: str, what: str, log: EngineLog, during: LackDuring) -> OutOfMemory:
    device, asked = None, None
    if found := _ASKED_MIB.search(log.text):
        device, asked = f"device {found[2]}", round(float(found[1]) * MIB)
    if found := _ASKED_BYTES.search(log.text):
        device, asked = found[1], int(found[2])
    where = "" if device is None else " in main memory" if device.startswith("CPU") else f" on {device}"
    return OutOfMemory(
        f"{name}: there is no room{where} for {what}.",
        "lower --context, or free memory.",
        during=during,
        device=device,
        asked=asked,
    )


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


def _load_error(name: str, log: str) -> EngineError:
    """What llama.cpp's log means, as one sentence."""
    again = "download it again; it may have been broken off."
    if "unknown model architecture" in log:
        architecture = log.partition("architecture: '")[2].partition("'")[0]
        if not architecture.isprintable() or not architecture:
            return EngineError(f"{name} does not say its architecture.", "download it again; it is damaged.")
        built = _engine_version()
        return EngineError(
            f"{name}: {built} does not know the architecture '{architecture}'.",
            elsewhere(architecture) or f"one that is newer than {built} may, or the file is not of a language model.",
        )
    if any(
        each in log for each in ("not within the file bounds", "failed to read", "unexpectedly reached end of file")
    ):
        return EngineError(f"{name} is incomplete: the file ends before its contents do.", again)
    # Its last line only repeats that it failed.
    why = re.search(r".*error loading model[^:\n]*: (.+)", log)
    reason = why[1] if why else log.strip().rpartition("\n")[2].rpartition(": ")[2] or "it does not say why"
    return EngineError(f"{name}: llama.cpp cannot load it: {reason.strip().rstrip('.')}.", again)


def _engine_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"llama-cpp-python {version('llama-cpp-python')}"
    except PackageNotFoundError:
        return "this llama.cpp"
