"""What vLLM itself printed when it started, and the cards that it did so on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from r1plan.hardware.machine import GpuDevice, Vendor
from r1plan.units import GIB

_FILE = Path(__file__).parents[2] / "measured" / "vllm_startup.jsonl"
# What PyTorch reports as the whole card.
_TOTAL_GIB = {"H200": 139.80, "B200": 178.36, "MI300X": 191.98}
_CAPABILITY = {
    "h200-sxm-141gb": "9.0",
    "h100-sxm-80gb": "9.0",
    "b200-sxm": "10.0",
    "a100-sxm-80gb": "8.0",
    "rtx-4090": "8.9",
}
_PROFILE = {"H200": "h200-sxm-141gb", "B200": "b200-sxm", "MI300X": "mi300x"}


@dataclass(frozen=True)
class StartUp:
    """One start-up log. `model` and `dtype` are ours of the same shapes; GiB as printed."""

    name: str
    gpu: str
    vllm: str
    model: str
    dtype: str
    tensor: int
    fp8_cache: bool
    weights_gib: float
    kv_cache_gib: float | None
    kv_tokens: int | None

    @property
    def card(self) -> GpuDevice:
        """The GPU, with nothing on it."""
        vendor: Vendor = "amd" if self.gpu == "MI300X" else "nvidia"
        return gpu(_TOTAL_GIB[self.gpu], profile=_PROFILE[self.gpu], vendor=vendor)


def gpu(gib: float, *, profile: str = "h200-sxm-141gb", vendor: Vendor = "nvidia", index: int = 0) -> GpuDevice:
    return GpuDevice(
        index=index,
        vendor=vendor,
        name=profile,
        profile=profile,
        total_bytes=round(gib * GIB),
        free_bytes=round(gib * GIB),
        bandwidth_gb_s=4800.0,
        gpu_class="nvidia-datacentre" if vendor == "nvidia" else "amd",
        compute_capability=_CAPABILITY.get(profile) if vendor == "nvidia" else None,
        gfx="gfx942" if vendor == "amd" else None,
    )


def start_ups() -> list[StartUp]:
    """All of them."""
    rows = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()[1:]]
    return [_start_up(row) for row in rows]


def _start_up(row: dict[str, object]) -> StartUp:
    name = str(row["model"])
    ours = {
        "DeepSeek-R1": "DeepSeek-R1-0528",
        "Llama-3.3-70B": "R1-Distill-Llama-70B",
        "Llama-3-8B": "R1-Distill-Llama-8B",
        "Qwen-1.5B": "R1-Distill-Qwen-1.5B",
    }
    model = next(ours[part] for part in reversed(ours) if part in name)
    kv_cache, tokens = row.get("kv_cache_gib"), row.get("kv_tokens")
    return StartUp(
        name=name,
        gpu=str(row["gpu"]),
        vllm=str(row["vllm"]),
        model=model,
        dtype="FP8" if "FP8" in name or model.startswith("DeepSeek") else "BF16",
        tensor=int(str(row["tensor_parallel"])),
        fp8_cache=row.get("kv_cache_dtype") == "fp8",
        weights_gib=float(str(row["weights_gib"])),
        kv_cache_gib=None if kv_cache is None else float(str(kv_cache)),
        kv_tokens=None if tokens is None else int(str(tokens)),
    )
