"""The build for AMD's cards with ROCm, where it is here and has kernels for them; None leaves them to Vulkan."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from r1plan.doctor.build.place import BuildPlace
from r1plan.doctor.build.recipe import MissingPiece, Recipe
from r1plan.doctor.build.toolbox import Toolbox
from r1plan.hardware import kernel_files
from r1plan.hardware.machine import GpuDevice

# ggml-hip/CMakeLists.txt stops below it.
_LEAST_VERSION = (6, 1)
# Cards that run what is built for another of their family, with what ROCm is then told (llama.cpp, docs/build.md).
_STAND_IN: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("gfx1031", "gfx1032", "gfx1033", "gfx1034", "gfx1035", "gfx1036"), ("gfx1030", "10.3.0")),
    **dict.fromkeys(("gfx1101", "gfx1102", "gfx1103"), ("gfx1100", "11.0.0")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rocm:
    """What is here of ROCm. `compiler` is its clang++, `kernels` the gfx that rocBLAS has kernels for."""

    root: str
    version: tuple[int, int]
    compiler: str
    kernels: frozenset[str]


def rocm_recipe(cards: Sequence[GpuDevice], tools: Toolbox, place: BuildPlace) -> Recipe | None:
    """The build for `cards`; None: without ROCm, with one that is too old, or for cards that it does not know."""
    rocm = found_rocm(tools)
    if rocm is None or rocm.version < _LEAST_VERSION:
        return None
    wanted = {_gfx(each, tools, len(cards)) for each in cards}
    targets: set[str] = set()
    at_run: dict[str, str] = {}
    for gfx in wanted:
        stand_in = _STAND_IN.get(gfx or "")
        if gfx is not None and gfx in rocm.kernels:
            targets.add(gfx)
        elif stand_in is not None and stand_in[0] in rocm.kernels and len(wanted) == 1:
            targets.add(stand_in[0])
            at_run["HSA_OVERRIDE_GFX_VERSION"] = stand_in[1]
        else:
            return None
    if not targets:
        return None
    return Recipe(
        backend="ROCm",
        flags=("-DGGML_HIP=on", f"-DGPU_TARGETS={';'.join(sorted(targets))}"),
        environment={"HIPCXX": rocm.compiler, "HIP_PATH": rocm.root},
        at_run=at_run,
        missing=tuple(device_rights(tools, place, "/dev/kfd", "/dev/dri/renderD*")),
    )


def device_rights(tools: Toolbox, place: BuildPlace, *devices: str) -> list[MissingPiece]:
    """What is in the way of this user's opening the devices of a card: the file's rights, or a container without it."""
    missing = []
    for each in devices:
        found = tools.found(each)
        closed = [path for path in found if not os.access(path, os.R_OK | os.W_OK)]
        if closed:
            command = None if place.is_root or place.is_container else 'sudo usermod -aG render,video "$USER"'
            shown = f"/{closed[0].relative_to(tools.root)}"
            missing.append(MissingPiece(name="device-rights", found=shown, command=command))
        elif not found and place.is_container:
            missing.append(MissingPiece(name="device-absent", found=each.partition("/renderD")[0]))
    return missing


def found_rocm(tools: Toolbox) -> Rocm | None:
    """ROCm as AMD installs it into one folder, or as a distribution does under /usr."""
    if tools.system != "linux":
        return None
    versions = [f"/opt/{each.name}" for each in reversed(tools.found("/opt/rocm-*"))]
    roots = [tools.environ.get("ROCM_PATH"), tools.environ.get("HIP_PATH"), "/opt/rocm", *versions, "/usr"]
    for root in dict.fromkeys(each for each in roots if each):
        version = _version(tools, root)
        compilers = tools.found(f"{root}/lib*/llvm/bin/clang++") or tools.found(f"{root}/llvm/bin/clang++")
        if version is None or not tools.has(f"{root}/lib*/cmake/hipblas", f"{root}/lib*/*/cmake/hipblas"):
            continue
        if not compilers and root == "/usr":
            compilers = tools.found("/usr/bin/clang++*")
        if compilers:
            compiler = "/" + str(compilers[-1].relative_to(tools.root))
            return Rocm(root=root, version=version, compiler=compiler, kernels=_kernels(tools, root))
    return None


def _version(tools: Toolbox, root: str) -> tuple[int, int] | None:
    said = kernel_files.text(tools.at(f"{root}/.info/version")) or ""
    if not said and (hipconfig := tools.at(f"{root}/bin/hipconfig")).is_file():
        ran = tools.run([str(hipconfig), "--version"])
        said = ran.output if ran and ran.status == 0 else ""
    found = re.match(r"(\d+)\.(\d+)", said.strip())
    return (int(found[1]), int(found[2])) if found else None


def _kernels(tools: Toolbox, root: str) -> frozenset[str]:
    """What rocBLAS was built for: each of its kernels' files says it."""
    files = [
        *tools.found(f"{root}/lib*/rocblas/library/*gfx*"),
        *tools.found(f"{root}/lib*/*/rocblas/*/library/*gfx*"),
    ]
    return frozenset(found for each in files for found in re.findall(r"gfx[0-9a-f]{3,4}", Path(each).name))


def _gfx(card: GpuDevice, tools: Toolbox, cards: int) -> str | None:
    """The data sheet's, or the kernel's own where it is the only card."""
    if card.gfx is not None or cards > 1:
        return card.gfx
    found = set()
    for node in tools.found("/sys/class/kfd/kfd/topology/nodes/*/properties"):
        said = kernel_files.key_values(node).get("gfx_target_version", "0")
        if said.isdigit() and int(said):
            number = int(said)
            found.add(f"gfx{number // 10000}{number // 100 % 100:x}{number % 100:x}")
    return found.pop() if len(found) == 1 else None
