"""The CUDA toolkits that are here: what each says of itself, and whether it compiles with what else is here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from r1plan.doctor.build.toolbox import Toolbox

# In an image many versions lie side by side; the newest are looked at.
_MOST_TOOLKITS = 4
_MOST_TRIED = 2
_PLACES = ("/usr/local/cuda", "/usr/local/cuda-*", "/opt/cuda", "/opt/cuda-*", "/usr/lib/cuda")
_SOURCE = """\
#include <cmath>
#include <cuda_runtime.h>
#include <cublas_v2.h>
__global__ void nothing() {}
"""

Outcome = Literal["compiles", "compiler", "host-compiler", "c-library", "cublas", "fails", "untried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaToolkit:
    """One toolkit. `codes` are the capabilities that it compiles for, 89 for 8.9; empty where it does not list them.

    `is_on_path`: a build finds it by itself.
    """

    nvcc: str
    root: str
    version: tuple[int, int]
    codes: frozenset[int]
    is_on_path: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of compiling a kernel of nothing. `said` is the compiler's first error.

    `newest_gcc` is the newest that the toolkit takes, where it refused one.
    """

    outcome: Outcome
    said: str | None = None
    newest_gcc: int | None = None


def toolkits(tools: Toolbox) -> tuple[CudaToolkit, ...]:
    """Every toolkit that answers, the one on PATH first."""
    on_path = tools.program("nvcc")
    named = [tools.environ[each] for each in ("CUDA_HOME", "CUDA_PATH") if tools.environ.get(each)]
    placed = [path for each in _PLACES for path in reversed(tools.found(each))]
    suffix = ".exe" if tools.system == "win32" else ""
    nvccs = [Path(on_path)] if on_path else []
    nvccs += [each / "bin" / f"nvcc{suffix}" for each in (*map(Path, named), *placed)]
    found: dict[str, CudaToolkit] = {}
    for nvcc in nvccs:
        if len(found) == _MOST_TOOLKITS or not nvcc.is_file():
            continue
        toolkit = _asked(tools, nvcc, is_on_path=str(nvcc) == on_path)
        if toolkit is not None:
            found.setdefault(str(Path(toolkit.root).resolve()), toolkit)
    return tuple(found.values())


def _asked(tools: Toolbox, nvcc: Path, *, is_on_path: bool) -> CudaToolkit | None:
    said = tools.run([str(nvcc), "--version"])
    version = re.search(r"release (\d+)\.(\d+)", said.output) if said and said.status == 0 else None
    if version is None:
        return None
    listed = tools.run([str(nvcc), "--list-gpu-code"])
    codes = re.findall(r"sm_(\d+)\b", listed.output) if listed and listed.status == 0 else []
    # A script on PATH may lead to it, so it is asked where it lies.
    shown = tools.run([str(nvcc), "--dryrun", "-c", "none.cu"])
    top = re.search(r"^#\$ TOP=(.+)$", shown.output, re.MULTILINE) if shown else None
    root = Path(top[1].strip()).resolve() if top else nvcc.resolve().parent.parent
    return CudaToolkit(
        nvcc=str(nvcc),
        root=str(root),
        version=(int(version[1]), int(version[2])),
        codes=frozenset(map(int, codes)),
        is_on_path=is_on_path,
    )


def trial(tools: Toolbox, toolkit: CudaToolkit, code: int, host_compiler: str | None = None) -> Trial:
    """Compile a kernel of nothing with what a build would use. Nothing of it is kept."""
    with TemporaryDirectory(prefix="r1plan-") as folder:
        source = Path(folder) / "trial.cu"
        source.write_text(_SOURCE, encoding="ascii")
        chosen = ["-ccbin", host_compiler] if host_compiler else []
        made = str(source.with_suffix(".o"))
        ran = tools.run([toolkit.nvcc, "-std=c++17", f"-arch=sm_{code}", *chosen, "-c", str(source), "-o", made])
    if ran is None:
        return Trial(outcome="untried")
    return Trial(outcome="compiles") if ran.status == 0 else _judged(ran.output)


def older_host_compilers(tools: Toolbox, newest: int) -> Sequence[str]:
    """GCCs beside the system's own that a toolkit takes, the newest first."""
    found = (tools.program(f"g++-{version}") for version in range(newest, 6, -1))
    return [each for each in found if each is not None][:_MOST_TRIED]


def _judged(output: str) -> Trial:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = next(
        (each for each in lines if "error" in each.lower() or "fatal" in each.lower()), lines[0] if lines else None
    )
    newest = re.search(r"gcc versions later than (\d+)", output)
    if newest or "unsupported clang version" in output or "unsupported GNU version" in output:
        return Trial(outcome="host-compiler", said=said, newest_gcc=int(newest[1]) if newest else None)
    if "exception specification is incompatible" in output or "different exception specifier" in output:
        return Trial(outcome="c-library", said=said)
    if "cublas_v2.h" in output:
        return Trial(outcome="cublas", said=said)
    if "host compiler" in output or re.search(r"(gcc|g\+\+|cc1plus)\S*:? .*(not found|No such file)", output):
        return Trial(outcome="compiler", said=said)
    return Trial(outcome="fails", said=said)
