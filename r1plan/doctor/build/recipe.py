"""A build of the engine as a value: its flags, what is missing before it, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from r1plan.hardware.machine import GpuDevice

BuildBackend = Literal["CUDA", "ROCm", "Vulkan", "SYCL", "Metal", "CPU"]
PieceName = Literal[
    "compiler",
    "command-line-tools",
    "visual-studio",
    "cuda",
    "cuda-other",
    "cublas",
    "cuda-host-compiler",
    "cuda-c-library",
    "cuda-fails",
    "driver",
    "glslc",
    "vulkan",
    "spirv-headers",
    "vulkan-driver",
    "device-rights",
    "device-absent",
    "pip",
]

# Measured on this version of llama.cpp: the processor alone took 4 minutes on 2 cores; CUDA for one architecture
# 3 min 42 s on 16 (AMD EPYC, nvcc 13.0). The rest grows with the architectures.
CPU_MINUTES = 8.0
CUDA_MINUTES_PER_ARCHITECTURE = 51.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPiece:
    """What a build needs and this system does not have; `also` are other pieces that the same command installs.

    `found` is what is here instead and `needed` what must be, in the words of its maker, such as "12.0". `command`
    installs it here; None: no package of this system is known for it. `page` is where its maker gives it.
    """

    name: PieceName
    found: str | None = None
    needed: str | None = None
    command: str | None = None
    page: str | None = None
    also: tuple[PieceName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How llama.cpp is built for some cards.

    `flags` are CMake's, `environment` what else the build is told, and `before` a line of the shell that must run
    first, here and before each run of the program. `at_run` is what the program needs in its environment. `missing`
    comes first, in this order. `left_out` are cards that it cannot use. `processor_minutes` is what all cores take
    together, None where nobody measured it.
    """

    backend: BuildBackend
    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    before: str | None = None
    at_run: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[MissingPiece, ...] = ()
    left_out: tuple[GpuDevice, ...] = ()
    processor_minutes: float | None = None

    def minutes(self, cores: int) -> float | None:
        """How long it takes on so many cores."""
        return None if self.processor_minutes is None else self.processor_minutes / max(1, cores)
