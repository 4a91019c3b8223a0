"""Hardware as its data sheets give it: graphics cards, Apple chips, processors and their memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal

from r1plan.catalog.quality import Confidence
from r1plan.catalog.reading.fields import Count, Matching, Positive

GpuClass = Literal[
    "nvidia-consumer", "nvidia-workstation", "nvidia-datacentre", "nvidia-jetson", "amd", "intel", "qualcomm"
]

_FORBID_EXTRA = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A graphics card, or graphics inside a processor.

    `vram_gib` is the marketed capacity; a driver shows 1 to 3 % less. With `unified` memory it is a whole machine's,
    the most it is sold with, and None where that is whatever the owner put in; `memory_options_gib` are all sizes.
    `bandwidth_gb_s` of such graphics is that of the memory that `memory_type` names first, and
    `cpu_cores` are those of the processor beside them, where no row of a processor says.

    `driver_names` are what drivers print, `aliases` what else people call it. `compute_capability` is CUDA's ("8.9"),
    `gfx` the target of ROCm ("gfx1100"). `power_range_w` is what makers of laptops choose from. Of the figures
    `unsourced` names, no source was opened.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    gpu_class: GpuClass
    vram_gib: Positive | None
    bandwidth_gb_s: Positive | None
    tdp_w: Positive | None
    fp32_tflops: Positive | None
    fp16_tensor_tflops: Positive | None
    memory_type: str
    released: date | None
    driver_names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    compute_capability: Annotated[str, Matching(r"\d{1,2}\.\d")] | None = None
    gfx: Annotated[str, Matching(r"gfx[0-9a-f]{3,4}")] | None = None
    multiprocessors: Count | None = None
    laptop: bool = False
    power_range_w: tuple[Positive, Positive] | None = None
    unified: bool = False
    memory_options_gib: tuple[Count, ...] = ()
    cpu_cores: Count | None = None
    note: str | None = None
    sources: tuple[str, ...]
    unsourced: tuple[str, ...] = ()
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
    cpu_cores: Count | None = None
    driver_names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    note: str | None = None
    sources: tuple[str, ...]
    unsourced: tuple[str, ...] = ()
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
class MemoryOption:
    """One kind of memory that a processor takes."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    memory_type: str
    mt_s: Count
    bandwidth_gb_s: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuSheet:
    """A processor. `cores` are physical; `bandwidth_gb_s` is the peak of one socket with every channel filled.

    It is MT/s x channels x `channel_bits` / 8 at `mt_s`, the speed of the memory named first; `memory_options` are all
    kinds, where there are several.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    vendor: str
    family: str
    segment: str
    cores: Count
    threads: Count | None = None
    channels: Count
    channel_bits: Count = 64
    memory_type: str
    mt_s: Count
    bandwidth_gb_s: Positive
    memory_options: tuple[MemoryOption, ...] = ()
    arch: str
    avx2: bool = True
    avx512: bool = False
    amx: bool = False
    tdp_w: Positive | None = None
    aliases: tuple[str, ...] = ()
    note: str | None = None
    sources: tuple[str, ...]
    unsourced: tuple[str, ...] = ()
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuFile:
    """One file of profiles/hardware/cpus. `sources` spells out the short names that the rows use."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    sources: dict[str, str]
    cpus: tuple[CpuSheet, ...]


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
