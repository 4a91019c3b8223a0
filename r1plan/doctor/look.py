"""Where the engine and what is slow are looked at: each question once, and each bounded."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from r1plan.doctor.build.installer import this_environment
from r1plan.doctor.build.offer import build_offer
from r1plan.doctor.build.place import build_place
from r1plan.doctor.build.toolbox import Toolbox
from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.slow.cards import NvidiaReadings, amd_readings, nvidia_readings, slow_cards
from r1plan.doctor.slow.cause import Slowness
from r1plan.doctor.slow.engine import slow_engine
from r1plan.doctor.slow.host import host_readings, slow_host
from r1plan.engine.local.build import installed_build
from r1plan.hardware import kernel_files, nvidia
from r1plan.hardware.machine import Machine
from r1plan.models.store.places import StoreHost, store_places
from r1plan.settings import expanded

# As the loader of Linux says it.
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\d.]*): cannot open shared object file")
_LIBRARY_FOLDERS: tuple[str, ...] = (
    "/usr/local/cuda*/lib64",
    "/usr/local/cuda*/targets/*/lib",
    "/opt/cuda/lib64",
    "/opt/rocm*/lib",
)
_LIBRARY_FOLDERS += ("/usr/lib/wsl/lib", "/opt/intel/oneapi/*/*/lib")


def nvidia_now(tools: Toolbox) -> NvidiaReadings:
    """What NVIDIA's driver says now, where there is one."""
    return nvidia_readings(nvidia.library() if nvidia.driver_present(tools.root) else None)


def look_at_engine(machine: Machine | None, tools: Toolbox, now: NvidiaReadings, checkout: Path) -> InstalledEngine:
    """The engine that is here, with the build for this machine's cards."""
    build = installed_build()
    found = InstalledEngine(
        build, machine.gpus if machine else (), driver_cuda=now.driver_cuda, library=missing_library(tools, build.fault)
    )
    offer = build_offer(
        found.cards,
        machine.cpu.cores if machine else os.cpu_count() or 1,
        tools,
        this_environment(has_uv=tools.program("uv") is not None),
        checkout=checkout,
        driver_cuda=now.driver_cuda,
        again=found.build.state != "absent",
    )
    return replace(found, offer=offer)


def look_at_speed(
    machine: Machine | None, engine: InstalledEngine | None, tools: Toolbox, now: NvidiaReadings, models: Sequence[Path]
) -> Slowness:
    """What slows models down here, where `models` are the folders that may hold some."""
    is_container = build_place(tools).is_container
    readings = host_readings(tools, os.cpu_count(), is_container=is_container)
    cards = (*now.cards, *amd_readings(tools))
    return Slowness(
        (
            *(slow_engine(engine, machine, has_avx2=_has_avx2(tools)) if engine else ()),
            *slow_cards(cards, machine.gpus if machine else (), os.getpid()),
            *slow_host(readings, machine, models),
        )
    )


def model_folders(data: Path, environ: Mapping[str, str], platform: str) -> tuple[Path, ...]:
    """The folders of models that are there, ours and other programs', by their real paths."""
    home = Path(environ.get("HOME") or expanded(Path("~")))
    host = StoreHost(environ=environ, home=home, data=data, platform=platform, read=kernel_files.text)
    found = (each.path for each in store_places(host))
    return tuple(dict.fromkeys(path.resolve() for path in found if path.is_dir()))


def missing_library(tools: Toolbox, fault: str | None) -> tuple[str, str] | None:
    """The folder and the name of a library that `fault` says was not found, where it lies in one of its maker's."""
    named = _LIBRARY.search(fault or "")
    found = [path for each in _LIBRARY_FOLDERS if named for path in tools.found(f"{each}/{named[1]}")]
    return (f"/{found[-1].parent.relative_to(tools.root)}", found[-1].name) if found else None


def _has_avx2(tools: Toolbox) -> bool:
    return "avx2" in kernel_files.key_values(tools.at("/proc/cpuinfo"), ":").get("flags", "").split()
