"""Asks llama.cpp itself what it would allocate: its dry run (`no_alloc`) over a header-only file.

Not a stable interface: it holds for llama-cpp-python 0.3.36, which pyproject.toml pins. Sizes come from the log, in MiB
with two decimals.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp

# ggml.h, enum ggml_type
_KV_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "iq4_nl": 20, "bf16": 30}


@dataclass(frozen=True, slots=True)
class Buffers:
    """What the engine says it would allocate, in MiB."""

    kv_cache_mib: float
    compute_mib: float
    output_mib: float
    compute_mib_on: Mapping[str, float]  # by the buffer type's name: CPU, CUDA_Host, CUDA0, …
    layers_on: Mapping[str, int]  # by the device's name, those of the cache
    state_mib: float = 0.0  # what DeepSeek-V4's compressors keep of tokens that make no key yet


class DryRun:
    """A model loaded without its weights."""

    def __init__(self, model: Any, log: list[str]) -> None:
        self._model, self._log = model, log

    def weights_bytes(self) -> int:
        """The bytes of all tensors, as the engine adds them up."""
        return int(llama_cpp.llama_model_size(self._model))

    def buffers(
        self,
        n_ctx: int,
        *,
        n_ubatch: int = 512,
        kv_type: str = "f16",
        flash_attn: bool = True,
        slots: int = 1,
        one_cache: bool = True,
        outputs: int | None = None,
    ) -> Buffers:
        """The buffers of one context; `outputs` None: a row of logits a token, as a plain context reserves."""
        wanted = context_parameters(
            n_ctx,
            n_ubatch=n_ubatch,
            kv_type=kv_type,
            flash_attn=flash_attn,
            slots=slots,
            one_cache=one_cache,
            outputs=outputs,
        )
        self._log.clear()
        context = llama_cpp.llama_init_from_model(self._model, wanted)
        assert context, "".join(self._log)[-2000:]
        llama_cpp.llama_free(context)
        return Buffers(
            self._sum(r"llama_kv_cache: +size = +([\d.]+) MiB"),
            self._sum(r"compute buffer size = +([\d.]+) MiB"),
            self._sum(r"output buffer size = +([\d.]+) MiB"),
            {
                name: float(size)
                for name, size in re.findall(r"(\S+) compute buffer size = +([\d.]+) MiB", "".join(self._log))
            },
            Counter(re.findall(r"layer +\d+: dev = (\S+)", "".join(self._log))),
            self._sum(r"state buffer size = +([\d.]+) MiB"),
        )

    def _sum(self, pattern: str) -> float:
        return sum(float(found) for found in re.findall(pattern, "".join(self._log)))


class _Override(ctypes.Structure):
    """llama_model_tensor_buft_override: tensors whose name matches the pattern go to a buffer type."""

    _fields_ = [("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p)]


def model_parameters(*, gpu_layers: int, experts_on_cpu: bool, tensor_split: Sequence[float] = ()) -> Any:
    """llama_model_params for that layout. The caller keeps the object as long as the model is being loaded."""
    from llama_cpp import _ggml

    wanted = llama_cpp.llama_model_default_params()
    wanted.n_gpu_layers = gpu_layers
    if experts_on_cpu:
        cpu = _ggml.libggml.ggml_backend_cpu_buffer_type
        cpu.restype = ctypes.c_void_p
        overrides = (_Override * 2)(_Override(rb"\.ffn_(up|down|gate)_exps", cpu()), _Override(None, None))
        wanted.tensor_buft_overrides = ctypes.cast(overrides, ctypes.c_void_p)
        _callbacks.append(overrides)
    if tensor_split:
        shares = (ctypes.c_float * 16)(*tensor_split)
        wanted.tensor_split = shares
        _callbacks.append(shares)
    return wanted


def context_parameters(
    n_ctx: int,
    *,
    n_ubatch: int,
    kv_type: str,
    flash_attn: bool,
    slots: int = 1,
    one_cache: bool = True,
    outputs: int | None = None,
) -> Any:
    """llama_context_params; `outputs` None: a row of logits a token, as a plain context reserves.

    Of what a window sees, only that is kept, as llama-server has it by default.
    """
    wanted = llama_cpp.llama_context_default_params()
    wanted.n_ctx, wanted.n_batch, wanted.n_ubatch = n_ctx, max(2048, n_ubatch), n_ubatch
    wanted.type_k = wanted.type_v = _KV_TYPES[kv_type]
    wanted.flash_attn_type = int(flash_attn)
    wanted.n_seq_max, wanted.kv_unified, wanted.swa_full = slots, one_cache, False
    if outputs is not None:
        wanted.n_outputs_max = outputs
    return wanted


_callbacks: list[object] = []  # llama.cpp keeps a bare pointer: a callback must outlive the process's last call


@contextmanager
def captured_log() -> Iterator[list[str]]:
    """What llama.cpp logs from here on."""
    log: list[str] = []

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator, unused-ignore]
    def capture(_level: int, text: bytes, _data: object) -> None:
        log.append(text.decode("utf-8", "replace"))

    llama_cpp.llama_log_set(capture, ctypes.c_void_p(0))
    _callbacks.append(capture)
    yield log


@contextmanager
def dry_run(
    path: Path, *, gpu_layers: int = 0, experts_on_cpu: bool = False, tensor_split: Sequence[float] = ()
) -> Iterator[DryRun]:
    """`path`, loaded without weights."""
    with captured_log() as log:
        wanted = model_parameters(gpu_layers=gpu_layers, experts_on_cpu=experts_on_cpu, tensor_split=tensor_split)
        wanted.no_alloc, wanted.load_mode = True, 0
        model = llama_cpp.llama_model_load_from_file(str(path).encode(), wanted)
        assert model, "".join(log)[-2000:]
        try:
            yield DryRun(model, log)
        finally:
            llama_cpp.llama_model_free(model)
