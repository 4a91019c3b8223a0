"""Hardware as its data sheets give it: graphics cards, Apple chips, CPU memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

from r1plan.catalog.model import Confidence
from r1plan.catalog.reading.fields import Count, Positive

GpuClass = Literal["nvidia-consumer", "nvidia-workstation", "nvidia-datacentre", "amd", "intel"]

_FORBID_EXTRA = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A graphics card. `vram_gib` is the marketed capacity; a driver shows 1 to 3 % less.

    With `unified` memory it is a whole machine's, the most it is sold with; `memory_options_gib` are all sizes.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    gpu_class: GpuClass
    vram_gib: Positive
    bandwidth_gb_s: Positive
    tdp_w: Positive | None
    fp32_tflops: Positive | None
    fp16_tensor_tflops: Positive | None
    memory_type: str
    released: date | None
    unified: bool = False
    memory_options_gib: tuple[Count, ...] = ()
    note: str | None = None
    sources: tuple[str, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class AppleChip:
    """An Apple chip, whose memory serves CPU and GPU alike."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    gpu_cores: Count
    memory_options_gib: tuple[Count, ...]
    bandwidth_gb_s: Positive
    prefill_f16_tflops: Positive | None = None
    note: str | None = None
    sources: tuple[str, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuMemory:
    """A memory layout of a CPU platform. `bandwidth_gb_s` is MT/s x 8 bytes x channels."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    mt_s: Count
    channels: Count
    bandwidth_gb_s: Positive
    measured_gb_s: str | None = None
    note: str | None = None
    sources: tuple[str, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareFile:
    """One file of profiles/hardware. `sources` spells out the short names that the rows use."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    sources: dict[str, str]
    gpus: tuple[Gpu, ...] = ()
    apple: tuple[AppleChip, ...] = ()
    cpu_memory: tuple[CpuMemory, ...] = ()


Accelerator = Gpu | AppleChip


@dataclass(frozen=True, slots=True)
class Hardware:
    """All known hardware by id."""

    gpus: dict[str, Gpu]
    apple: dict[str, AppleChip]
    cpu_memory: dict[str, CpuMemory]

    @property
    def accelerators(self) -> dict[str, Accelerator]:
        """What can run a model by itself: graphics cards and Apple chips."""
        return {**self.gpus, **self.apple}
