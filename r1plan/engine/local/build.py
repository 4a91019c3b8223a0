"""How the llama.cpp that is installed was built, asked in a process of its own: a wrong build may kill who loads it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

_ASK_S = 60.0
# ggml-backend.h: what was compiled in says its name, such as CPU, CUDA, ROCm, Vulkan, SYCL, Metal; of the devices that
# it finds, types 1 and 2 are graphics cards and graphics inside a processor.
_ASK = """
import ctypes, json
found = {"version": None, "backends": [], "offloads": False, "features": "", "cards": None}
import llama_cpp
found["version"] = llama_cpp.__version__
found["offloads"] = bool(llama_cpp.llama_supports_gpu_offload())
try:
    import llama_cpp._ggml
    ggml = llama_cpp._ggml.libggml
    ggml.ggml_backend_reg_count.restype = ctypes.c_size_t
    ggml.ggml_backend_reg_get.argtypes = [ctypes.c_size_t]
    ggml.ggml_backend_reg_get.restype = ctypes.c_void_p
    ggml.ggml_backend_reg_name.argtypes = [ctypes.c_void_p]
    ggml.ggml_backend_reg_name.restype = ctypes.c_char_p
    for number in range(ggml.ggml_backend_reg_count()):
        found["backends"].append(ggml.ggml_backend_reg_name(ggml.ggml_backend_reg_get(number)).decode())
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    kinds = [ggml.ggml_backend_dev_type(ggml.ggml_backend_dev_get(n)) for n in range(ggml.ggml_backend_dev_count())]
    found["cards"] = sum(kind in (1, 2) for kind in kinds)
    found["features"] = llama_cpp.llama_print_system_info().decode()
except Exception:
    pass
print("\\n" + json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class LlamaBuild:
    """What is there of llama-cpp-python.

    `backends` are llama.cpp's own names of what it can calculate on, empty where it does not say; `offloads`: it puts
    layers on graphics cards. `features` is what llama.cpp says of each backend's build, such as "CUDA : ARCHS = 890 |".
    `cards` is how many graphics cards it finds here, None where it does not say. `fault` says why it cannot be loaded.
    """

    state: Literal["loads", "absent", "fails"]
    version: str | None = None
    backends: tuple[str, ...] = ()
    offloads: bool = False
    fault: str | None = None
    features: str = ""
    cards: int | None = None


def installed_build(python: str = sys.executable, wait_s: float = _ASK_S) -> LlamaBuild:
    """What `python` has of llama-cpp-python. Nothing of it is loaded into this process."""
    try:
        done = subprocess.run(
            [python, "-c", _ASK], capture_output=True, stdin=subprocess.DEVNULL, timeout=wait_s, check=False
        )
    except subprocess.TimeoutExpired:
        return LlamaBuild("fails", fault=f"it did not load within {wait_s:g} s")
    except OSError as error:
        return LlamaBuild("fails", fault=error.strerror or str(error))
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if done.returncode:
        last = said[-1] if said else f"it ended with code {done.returncode}"
        if "No module named 'llama_cpp'" in last:
            return LlamaBuild("absent")
        return LlamaBuild("fails", fault=f"it was ended by signal {-done.returncode}" if done.returncode < 0 else last)
    found = json.loads(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
    return LlamaBuild(
        "loads",
        found["version"],
        tuple(found["backends"]),
        found["offloads"],
        features=found["features"],
        cards=found["cards"],
    )
