"""How well each kind of device uses its bandwidth, and what a layer costs on it besides.

The constants were set by hand on rows without an era mark of bench_calibration.yaml and the H100 readings; each class
names the rows, and its range is as wide as those rows scatter.
"""

from __future__ import annotations

from typing import NamedTuple

from r1plan.hardware.machine import GpuDevice
from r1plan.plan.basis import Basis


class DeviceClass(NamedTuple):
    """Constants of one kind of device. `seconds_a_layer` is what a layer costs besides reading it.

    `flops_a_byte` gives the prompt's compute from the bandwidth where no FLOPS are known.
    """

    efficiency: float
    seconds_a_layer: float
    kv_efficiency: float
    spread: float
    basis: Basis
    source: str
    fp32_factor: float = 1.7
    flops_a_byte: float = 40.0


# RTX 3090, 4090, 5070, 5070 Ti, 5090, A6000: b0482-b0503, b0562 within 15 %; speed.md gives 1.7 x FP32 for prompts.
_GDDR = DeviceClass(0.86, 25e-6, 0.50, 0.15, "calibrated", "bench_calibration b0482-b0503, b0562")
# H100: two models at depth 0 and 8,192 within 9 %; an A100 (b0533) is a fifth slower than this.
_HBM = DeviceClass(0.57, 47e-6, 0.42, 0.20, "calibrated", "vram_measured_h100, b0494, b0533", 2.0)
# RX 7900 XT and XTX, W7900, R9700, MI210: b0509-b0532 scatter by a quarter.
_AMD = DeviceClass(0.68, 35e-6, 0.60, 0.25, "calibrated", "bench_calibration b0509-b0532", 0.9, 30.0)
# M1 to M4, all tiers: b0414-b0477 within 10 %; prompts read at 23 FLOP a byte of bandwidth.
_APPLE = DeviceClass(0.92, 150e-6, 0.45, 0.15, "calibrated", "bench_calibration b0414-b0477", 1.0, 23.0)
# GB10: b0505, b0538, b0577, b0591.
_UNIFIED_NVIDIA = DeviceClass(0.76, 10e-6, 0.45, 0.15, "calibrated", "bench_calibration b0505, b0577, b0591", 1.7, 80.0)
_UNKNOWN_GPU = DeviceClass(0.60, 40e-6, 0.45, 0.35, "assumed", "no readings of this kind of card", 1.0, 30.0)
# 2-channel desktops reach about half of the theoretical peak (b0559), servers 0.28 to 0.49 (b0587, b0592, b0663-b0673).
HOST_CLASS = DeviceClass(0.50, 30e-6, 0.45, 0.40, "assumed", "bench_calibration b0559, b0592, b0663-b0673")


def device_class(gpu: GpuDevice) -> DeviceClass:
    """The constants for a card."""
    if gpu.vendor == "apple":
        return _APPLE
    if gpu.vendor == "nvidia":
        if gpu.unified:
            return _UNIFIED_NVIDIA
        fast = (gpu.bandwidth_gb_s or 0) >= 1300
        return _HBM if gpu.gpu_class == "nvidia-datacentre" and fast else _GDDR
    return _AMD if gpu.vendor == "amd" else _UNKNOWN_GPU
