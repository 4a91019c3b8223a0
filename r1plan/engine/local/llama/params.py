"""LoadSettings as the C structures that llama.cpp takes."""

from __future__ import annotations

import ctypes
from typing import Any

from r1plan.engine.local.llama.library import function, library, uses_gpu
from r1plan.engine.local.settings import LoadSettings

_ALL_LAYERS = 0x7FFFFFFF
# ggml.h, enum ggml_type, of what a cache may hold (common/arg.cpp, kv_cache_types).
_GGML_TYPES = {
    "f32": 0,
    "f16": 1,
    "q4_0": 2,
    "q4_1": 3,
    "q5_0": 6,
    "q5_1": 7,
    "q8_0": 8,
    "iq4_nl": 20,
    "bf16": 30,
}
_WINDOW_ALONE = frozenset({"deepseek4"})
# common/common.h, LLM_FFN_EXPS_REGEX, of the layer that stands before it.
_EXPERTS_OF_LAYER = r"blk\.{layer}\.ffn_(up|down|gate|gate_up)_(ch|)exps"


class _TensorOverride(ctypes.Structure):
    """llama.h, struct llama_model_tensor_buft_override."""

    _fields_ = (("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p))


class ModelParameters:
    """`llama_model_params`, with all that it points to, which has to live until the model is loaded."""

    def __init__(self, settings: LoadSettings, progress: Any = None) -> None:
        functions = library()
        self.struct = functions.llama_model_default_params()
        layers = settings.gpu_layers
        if layers is None:
            layers = _ALL_LAYERS if uses_gpu() else 0
        self.struct.n_gpu_layers = layers
        if not settings.uses_cards:
            self._devices = (ctypes.c_void_p * 1)()  # a list that ends at once
            self.struct.devices = ctypes.cast(self._devices, ctypes.c_void_p)
        self.struct.load_mode = functions.LLAMA_LOAD_MODE_MMAP if settings.mapped else functions.LLAMA_LOAD_MODE_NONE
        if settings.tensor_split:
            shares = (ctypes.c_float * int(functions.llama_max_devices()))(*settings.tensor_split)
            self._split = shares
            self.struct.tensor_split = ctypes.cast(shares, ctypes.POINTER(ctypes.c_float))
        if settings.experts_on_host:
            self._overrides = _experts_on_host(settings.experts_on_host)
            self.struct.tensor_buft_overrides = ctypes.cast(self._overrides, ctypes.c_void_p)
        if progress is not None:
            self._progress = progress
            self.struct.progress_callback = progress


def _experts_on_host(layers: int) -> Any:
    """What --n-cpu-moe does: the experts of the first layers go to the processor's memory; ends with an empty one."""
    host = function("ggml_backend_cpu_buffer_type", ctypes.c_void_p)()
    overrides = (_TensorOverride * (layers + 1))()
    for layer in range(layers):
        overrides[layer] = _TensorOverride(_EXPERTS_OF_LAYER.format(layer=layer).encode(), host)
    return overrides


def context_parameters(settings: LoadSettings, cores: int, architecture: str | None = None) -> Any:
    """`llama_context_params`, where `cores` threads calculate if the settings do not say how many.

    llama.cpp keeps all that a window has ever seen, unless it is told otherwise: of DeepSeek-V4 6.5 times the cache at
    32,768 tokens, and of no use, as that forgets all or nothing (llama_kv_cache_dsv4::seq_rm).
    """
    functions = library()
    struct = functions.llama_context_default_params()
    struct.n_ctx = settings.context_tokens
    struct.n_batch = min(settings.n_batch, settings.context_tokens)
    struct.n_ubatch = min(settings.n_ubatch, struct.n_batch)
    struct.n_threads = settings.threads or cores
    struct.n_threads_batch = settings.batch_threads or settings.threads or cores
    struct.flash_attn_type = (
        functions.LLAMA_FLASH_ATTN_TYPE_ENABLED if settings.flash_attn else functions.LLAMA_FLASH_ATTN_TYPE_DISABLED
    )
    struct.type_k = struct.type_v = _GGML_TYPES[settings.kv_type]
    if architecture in _WINDOW_ALONE:
        struct.swa_full = False
    return struct
