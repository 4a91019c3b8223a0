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

    `flops_a_byte` gives the prompt's compute from the bandwidth where no FLOPS are known, within GUESSED_PROMPT_SPREAD.
    `unpacks`: its memory is so fast that unpacking a type may take longer. `prompt_seconds_a_layer` is what a layer
    costs for each micro-batch of a prompt besides arithmetic: a small model's matrices do not fill a large card.
    """

    efficiency: float
    seconds_a_layer: float
    kv_efficiency: float
    spread: float
    basis: Basis
    source: str
    fp32_factor: float = 1.7
    flops_a_byte: float = 70.0
    prompt_spread: float | None = None
    unpacks: bool = False
    prompt_seconds_a_layer: float = 0.0

    @property
    def spread_of_prompts(self) -> float:
        """By how large a share prompts may be off where the card's FLOPS are known."""
        return self.spread + 0.10 if self.prompt_spread is None else self.prompt_spread


# RTX 3090, 4090, 5070, 5070 Ti, 5090, A6000: b0482-b0503, b0562 within 15 %; speed.md gives 1.7 x FP32 for prompts.
_GDDR = DeviceClass(0.86, 25e-6, 0.50, 0.15, "calibrated", "bench_calibration b0482-b0503, b0562")
# H100: two models at depth 0 and 8,192 within a tenth; an H200: a 1.5B, 7B and 32B within 2 % (h200_verify.jsonl); an
# A100 (b0533) is a fifth slower than this. The H200 reads prompts at 172e12 operations a second, 2.57 x FP32, and takes
# 0.36 ms a layer besides for each 512 tokens: all three models within 8 %, and b0494 of an H100.
_HBM_SOURCE = "vram_measured_h100, h200_verify, b0494, b0533"
_HBM = DeviceClass(
    0.57,
    51e-6,
    0.50,
    0.20,
    "calibrated",
    _HBM_SOURCE,
    2.57,
    36.0,
    unpacks=True,
    prompt_seconds_a_layer=0.36e-3,
)
# RX 7900 XT and XTX, W7900, R9700, MI210: b0509-b0532 scatter by a quarter.
_AMD = DeviceClass(0.68, 35e-6, 0.60, 0.25, "calibrated", "bench_calibration b0509-b0532", 0.9, 50.0)
# M1 to M4, all tiers: b0414-b0477 within 10 %; prompts read at 23 FLOP a byte of bandwidth.
_APPLE = DeviceClass(0.92, 150e-6, 0.45, 0.15, "calibrated", "bench_calibration b0414-b0477", 1.0, 23.0)
# GB10: b0505, b0538, b0577, b0591.
_UNIFIED_NVIDIA = DeviceClass(0.76, 10e-6, 0.45, 0.15, "calibrated", "bench_calibration b0505, b0577, b0591", 1.7, 80.0)
# Arc A770 and B580: 0.36 and 0.59 of the bandwidth, prompts at 0.6 to 2.4 x FP32 by the age of the driver.
_INTEL = DeviceClass(0.50, 40e-6, 0.45, 0.40, "assumed", "bench_calibration b0515, b0516", 1.2, 30.0, 0.60)
# Graphics inside a processor by Intel or Qualcomm: 0.22 of the bandwidth with the prompt's time in it (b0617), to 0.60.
_INTEGRATED = DeviceClass(0.40, 60e-6, 0.40, 0.50, "assumed", "bench_calibration b0617", 1.0, 25.0, 0.60)
# A card of which only size and bandwidth were given: between what the vendors' classes make of it, and as wide.
_UNKNOWN_GDDR = DeviceClass(0.75, 30e-6, 0.50, 0.40, "assumed", "between NVIDIA's, AMD's and Intel's cards", 1.0, 60.0)
_UNKNOWN_HBM = DeviceClass(0.57, 45e-6, 0.45, 0.40, "assumed", "between NVIDIA's and AMD's cards with HBM", 1.0, 30.0)
# By how large a share prompts may be off where they follow from the bandwidth.
GUESSED_PROMPT_SPREAD = 0.60
_FASTEST_GDDR_GB_S = 1800.0  # GDDR7 on 512 bits, RTX 5090; beyond is HBM


def device_class(gpu: GpuDevice) -> DeviceClass:
    """The constants for a card."""
    if gpu.vendor == "apple":
        return _APPLE
    if gpu.vendor == "nvidia":
        if gpu.unified:
            return _UNIFIED_NVIDIA
        bandwidth = gpu.bandwidth_gb_s or 0
        fast = bandwidth >= 1300 if gpu.gpu_class == "nvidia-datacentre" else bandwidth > _FASTEST_GDDR_GB_S
        return _HBM if fast else _GDDR
    if gpu.vendor == "amd":
        return _AMD
    if gpu.vendor == "qualcomm" or (gpu.vendor == "intel" and gpu.unified):
        return _INTEGRATED
    if gpu.vendor == "intel":
        return _INTEL
    return _UNKNOWN_HBM if (gpu.bandwidth_gb_s or 0) > _FASTEST_GDDR_GB_S else _UNKNOWN_GDDR
