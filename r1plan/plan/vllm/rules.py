"""What vLLM computes on which card, as one table: the planner's options, the command and the reasons all follow it.

Read in the wheel of vLLM 0.33.0 (CUDA 13), not run: platforms/cuda.py:257-268 and 588, platforms/rocm.py:230-232,
668-692 and 1225, model_executor/layers/quantization/{fp8,auto_awq,auto_gptq,modelopt}.py,
model_executor/kernels/linear/{__init__,nvfp4/*,scaled_mm/*}.py, and the architectures of its compiled kernels, which
are 7.5, 8.0, 8.6, 8.9, 9.0, 10.x and 12.x. AMD's targets are those that its documentation lists. Two entries are
narrower than the checks in the code: FP8 where the card has no such arithmetic (gfx90a, gfx11xx), and types that would
only be emulated, or unpacked where another type of as many bits is. MXFP4 stands for DeepSeek-V4's checkpoint, whose
attention is computed on 9.0, 10.x, 12.x and AMD's gfx942 and gfx950 (models/deepseek_v4/nvidia/model.py,
_select_dsv4_attn_cls; models/deepseek_v4/amd): of others there are forks.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.reasons import NotComputed, NotComputedWhy
from r1plan.plan.serving.budget import ServedKv
from r1plan.plan.serving.capability import Capability, capability_of
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.option import Computed

# In the card's own arithmetic, or unpacked to 16 bits in the kernel: that saves memory and arithmetic is no faster.
How = Literal["native", "weight-only"]


class Arithmetic(NamedTuple):
    """What one kind of card does with each type, or why it does not; `fp8_cache`: whether its cache can have 8 bits."""

    bf16: How | NotComputedWhy
    fp16: How | NotComputedWhy
    fp8: How | NotComputedWhy
    four_bits: How | NotComputedWhy
    nvfp4: How | NotComputedWhy
    mxfp4: How | NotComputedWhy
    fp8_cache: bool

    def of(self, dtype: Dtype) -> How | NotComputedWhy:
        """The entry for `dtype`."""
        match dtype:
            case "BF16":
                return self.bf16
            case "FP16":
                return self.fp16
            case "FP8":
                return self.fp8
            case "AWQ" | "GPTQ":
                return self.four_bits
            case "NVFP4":
                return self.nvfp4
            case "MXFP4":
                return self.mxfp4


def _none(why: NotComputedWhy) -> Arithmetic:
    return Arithmetic(why, why, why, why, why, why, fp8_cache=False)


# From each compute capability on.
CUDA: tuple[tuple[tuple[int, int], Arithmetic], ...] = (
    ((0, 0), _none("no kernels")),
    ((7, 5), Arithmetic("no bf16", "native", "weight-only", "weight-only", "no nvfp4", "no mxfp4", fp8_cache=False)),
    ((8, 0), Arithmetic("native", "native", "weight-only", "weight-only", "no nvfp4", "no mxfp4", fp8_cache=False)),
    ((8, 9), Arithmetic("native", "native", "native", "weight-only", "no nvfp4", "no mxfp4", fp8_cache=True)),
    ((9, 0), Arithmetic("native", "native", "native", "weight-only", "no nvfp4", "weight-only", fp8_cache=True)),
    ((10, 0), Arithmetic("native", "native", "native", "weight-only", "native", "native", fp8_cache=True)),
    ((11, 0), Arithmetic("native", "native", "native", "weight-only", "no nvfp4", "no mxfp4", fp8_cache=True)),
    ((12, 0), Arithmetic("native", "native", "native", "weight-only", "native", "native", fp8_cache=True)),
)
_AMD_CDNA = Arithmetic("native", "native", "native", "weight-only", "no nvfp4", "weight-only", fp8_cache=True)
_AMD_RDNA = _AMD_CDNA._replace(mxfp4="no mxfp4")
_AMD = Arithmetic("native", "native", "no fp8", "weight-only", "no nvfp4", "no mxfp4", fp8_cache=False)
ROCM: dict[str, Arithmetic] = {
    "gfx90a": _AMD,
    "gfx942": _AMD_CDNA,
    "gfx950": _AMD_CDNA,
    "gfx1100": _AMD,
    "gfx1101": _AMD,
    "gfx1150": _AMD,
    "gfx1151": _AMD,
    "gfx1200": _AMD_RDNA,
    "gfx1201": _AMD_RDNA,
}
_OTHER_GFX = _none("target")
# What every card that vLLM takes does.
_UNKNOWN = Arithmetic("unknown", "native", "unknown", "weight-only", "unknown", "unknown", fp8_cache=False)
# Intel has a build of its own, which computes all of these, and whose memory and speed nobody has measured for us.
_ELSEWHERE = _none("other build")


def arithmetic_of(capability: Capability) -> Arithmetic:
    """The row of the table for a card."""
    if capability.cuda is not None:
        return [row for least, row in CUDA if capability.cuda >= least][-1]
    if capability.gfx is not None:
        return ROCM.get(capability.gfx, _OTHER_GFX)
    return _UNKNOWN if capability.vendor in ("nvidia", "amd", "unknown") else _ELSEWHERE


def refusal(model: Model, dtype: Dtype, kv_type: ServedKv, gpu: GpuDevice) -> NotComputed | None:
    """Why vLLM is not planned for `model` in `dtype` with a cache of `kv_type` on cards like `gpu`, or None."""
    capability = capability_of(gpu)
    row = arithmetic_of(capability)
    why = row.of(dtype)
    if why == "native" or why == "weight-only":
        if model.shape.experts is not None and row.bf16 != "native":
            # DeepSeek-R1 answers nonsense in FP16 (vllm-project/vllm issues 15002 and 15429).
            why = "overflows" if capability.known else "unknown"
        elif kv_type == "fp8" and not row.fp8_cache:
            why = "no fp8 cache"
        else:
            return None
    return NotComputed(server="vLLM", dtype=dtype, why=why, card=gpu.name, capability=capability.text)


def how(dtype: Dtype, gpu: GpuDevice) -> How:
    """How cards like `gpu` compute `dtype`, which they do."""
    return "weight-only" if arithmetic_of(capability_of(gpu)).of(dtype) == "weight-only" else "native"


def computed(dtype: Dtype, gpu: GpuDevice) -> Computed:
    """What follows from that. A server on cards without BF16 must be told to compute in FP16."""
    unpacked = how(dtype, gpu) == "weight-only"
    times = 1 if unpacked else {"FP8": 2, "NVFP4": 4, "MXFP4": 2}.get(dtype, 1)
    half = dtype == "FP16" or arithmetic_of(capability_of(gpu)).bf16 != "native"
    return Computed(weight_only=unpacked, half=half, times_as_fast=times)


def types_to_try(known: tuple[Dtype, ...], gpu: GpuDevice) -> tuple[Dtype, ...]:
    """Those of `known` that are worth a thought on cards like `gpu`: FP16 only where BF16 is not computed."""
    return tuple(each for each in known if each != "FP16" or arithmetic_of(capability_of(gpu)).bf16 != "native")
