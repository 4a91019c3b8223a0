"""What llama.cpp computes with on a card, and what that takes of its memory before any buffer is made."""

from __future__ import annotations

from typing import Literal, NamedTuple

from r1plan.hardware.machine import GpuDevice, Vendor
from r1plan.plan.basis import Basis
from r1plan.plan.llamacpp.memory.pools import ALWAYS_BYTES, PARTIAL_SUMS_BYTES
from r1plan.units import GIB, MIB

Backend = Literal["CUDA", "ROCm", "Vulkan", "SYCL", "Metal"]

# What AMD's "System requirements" of ROCm 7 list; llama.cpp's own builds for it have RDNA 2 and 3 beside them.
_ROCM = ("gfx908", "gfx90a", "gfx942", "gfx950", "gfx103", "gfx110", "gfx115", "gfx120")

# A CUDA context grows with the multiprocessors: 107 MiB on an RTX 4060 Ti with 34 and 555 on an RTX PRO 6000 with 188
# (llama.cpp pull request 23604), 256 on an RTX 3090 with 82 (InvokeAI#9413).
_CUDA_FIXED_MIB = 10.0
_CUDA_MIB_A_MULTIPROCESSOR = 2.9
# Chips with HBM take more: on an H100, 524 to 527 MiB were gone when it existed, the driver's own part included
# (tests/measured/vram_h100_more.jsonl); on a B200 with 148 multiprocessors 612 MiB (unsloth#8669).
_H100_CONTEXT_BYTES, _H100_MULTIPROCESSORS = 527 * MIB, 132
_HBM = ("6.0", "7.0", "8.0", "9.0")
_BLACKWELL_HBM = "10."
_BLACKWELL_HBM_OVER_LINE = 1.4
# Where nothing tells how many there are: reported of smaller cards.
_UNKNOWN_CONTEXT_BYTES = 330 * MIB

# Multiply-adds of 32 bits a clock of a multiprocessor, and the clock in GHz that makers' TFLOPS mean, by capability.
_PER_MULTIPROCESSOR: dict[str, tuple[int, float]] = {
    "5": (128, 1.1),
    "6.0": (64, 1.4),
    "6": (128, 1.65),
    "7.0": (64, 1.45),
    "7": (64, 1.65),
    "8.0": (64, 1.41),
    "8.7": (128, 0.9),
    "8.9": (128, 2.5),
    "8": (128, 1.7),
    "9": (128, 1.9),
    "10": (128, 1.95),
    "11": (128, 2.5),
    "12": (128, 2.5),
}

# Of a running engine, kernels included. ROCm: an RX 7900 XTX, one reading; the others from general knowledge.
_OTHERS_BYTES: dict[Backend, tuple[int, int]] = {
    "ROCm": (round(0.4 * GIB), round(0.2 * GIB)),
    "Vulkan": (round(0.2 * GIB), round(0.1 * GIB)),
    "SYCL": (round(0.3 * GIB), round(0.2 * GIB)),
    "Metal": (round(0.2 * GIB), round(0.1 * GIB)),
}
_UNCERTAIN_SHARE = 0.25
_UNCERTAIN_UNKNOWN_BYTES = 200 * MIB
_UNCERTAIN_MEASURED_BYTES = 20 * MIB


class BackendContext(NamedTuple):
    """What a backend takes of a card, give or take `uncertain_bytes`. `backend` is None where the vendor is unknown.

    The constant part of the pools (memory/pools.py) is not among `size_bytes`.
    """

    backend: Backend | None
    size_bytes: int
    uncertain_bytes: int
    basis: Basis
    why: str


def backend_of(gpu: GpuDevice) -> Backend | None:
    """What llama.cpp is built with for a card: the vendor's own where it takes the card, else Vulkan; None unknown.

    Intel's cards are planned with SYCL, which takes more memory than Vulkan does there; Qualcomm's with Vulkan.
    """
    backends: dict[Vendor, Backend] = {"nvidia": "CUDA", "apple": "Metal", "qualcomm": "Vulkan"}
    if gpu.vendor == "amd":
        return "ROCm" if gpu.gfx is not None and gpu.gfx.startswith(_ROCM) else "Vulkan"
    if gpu.vendor == "intel":
        return "Vulkan" if gpu.unified else "SYCL"
    return backends.get(gpu.vendor)


def context_of(gpu: GpuDevice) -> BackendContext:
    """What llama.cpp's backend takes of a card."""
    backend = backend_of(gpu)
    if backend is None:
        return BackendContext(
            None, _UNKNOWN_CONTEXT_BYTES, _UNCERTAIN_UNKNOWN_BYTES, "assumed", "context and pools of an unknown backend"
        )
    if backend == "CUDA":
        return _cuda_context(gpu)
    size, uncertain = _OTHERS_BYTES[backend]
    why = f"{backend}'s context and pools"
    return BackendContext(backend, size - ALWAYS_BYTES - PARTIAL_SUMS_BYTES, uncertain, "assumed", why)


def measured_context(context: BackendContext, more_bytes: int | None) -> BackendContext:
    """`context` of a card that was measured here to lose so many bytes more, or less; None: it was not measured."""
    if more_bytes is None:
        return context
    return context._replace(
        size_bytes=max(context.size_bytes + more_bytes, 0),
        uncertain_bytes=min(context.uncertain_bytes, _UNCERTAIN_MEASURED_BYTES),
        basis="measured here",
        why=f"{context.why}: by what the card lost here",
    )


def _cuda_context(gpu: GpuDevice) -> BackendContext:
    number = gpu.multiprocessors or _estimated_multiprocessors(gpu)
    if number is None:
        wide = gpu.gpu_class == "nvidia-datacentre"
        size = _H100_CONTEXT_BYTES if wide else _UNKNOWN_CONTEXT_BYTES
        return BackendContext("CUDA", size, _UNCERTAIN_UNKNOWN_BYTES, "calibrated", "CUDA's context, and pools")
    size = round(_line_mib(number) * MIB)
    capability = gpu.compute_capability or ""
    uncertain = round(size * _UNCERTAIN_SHARE)
    if capability.startswith(_BLACKWELL_HBM):
        size = round(size * _BLACKWELL_HBM_OVER_LINE)
    elif capability in _HBM:
        size = round(_H100_CONTEXT_BYTES * _line_mib(number) / _line_mib(_H100_MULTIPROCESSORS))
        if number == _H100_MULTIPROCESSORS:
            uncertain = _UNCERTAIN_MEASURED_BYTES
    known = gpu.multiprocessors is not None
    counted = f"{number:,} multiprocessors" if known else f"about {number:,} multiprocessors, by its TFLOPS"
    why = f"CUDA's context for {counted}, and pools"
    return BackendContext("CUDA", size, uncertain, "calibrated" if known else "assumed", why)


def _line_mib(multiprocessors: int) -> float:
    return _CUDA_FIXED_MIB + _CUDA_MIB_A_MULTIPROCESSOR * multiprocessors


def _estimated_multiprocessors(gpu: GpuDevice) -> int | None:
    """By the card's arithmetic and the usual clock of its generation; None where one of them is unknown."""
    capability = gpu.compute_capability
    if not gpu.fp32_tflops or capability is None:
        return None
    found = _PER_MULTIPROCESSOR.get(capability) or _PER_MULTIPROCESSOR.get(capability.partition(".")[0])
    if found is None:
        return None
    units, clock_ghz = found
    return max(round(gpu.fp32_tflops * 1000 / (2 * units * clock_ghz)), 1)
