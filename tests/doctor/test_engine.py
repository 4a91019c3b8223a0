"""Whether the llama.cpp that is installed loads, and can use the cards that are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.doctor.engine import InstalledEngine
from r1plan.engine.local.build import LlamaBuild, installed_build
from r1plan.hardware.machine import GpuDevice, Vendor
from r1plan.units import GIB


def card(vendor: Vendor) -> GpuDevice:
    return GpuDevice(
        index=0, vendor=vendor, name="a card", profile=None, total_bytes=GIB, free_bytes=GIB, bandwidth_gb_s=None
    )


def built(*backends: str, offloads: bool = False) -> LlamaBuild:
    return LlamaBuild("loads", "0.3.36", backends, offloads)


@pytest.mark.parametrize(
    ("vendors", "build", "state", "flag"),
    [
        pytest.param([], built("CPU"), "ok", None, id="no-card"),
        pytest.param(["nvidia"], built("CUDA", "CPU"), "ok", None, id="nvidia-cuda"),
        pytest.param(["nvidia"], built("Vulkan", "CPU"), "ok", None, id="nvidia-vulkan"),
        pytest.param(["nvidia"], built("CPU"), "note", "-DGGML_CUDA=on", id="nvidia-cpu"),
        pytest.param(["nvidia"], built("ROCm", "CPU"), "note", "-DGGML_CUDA=on", id="nvidia-rocm"),
        pytest.param(["amd"], built("ROCm", "CPU"), "ok", None, id="amd-rocm"),
        pytest.param(["amd"], built("HIP", "CPU"), "ok", None, id="amd-hip"),
        pytest.param(["amd"], built("CUDA", "CPU"), "note", "-DGGML_HIP=on", id="amd-cuda"),
        pytest.param(["intel"], built("Vulkan", "CPU"), "ok", None, id="intel-vulkan"),
        pytest.param(["intel"], built("CPU"), "note", "-DGGML_SYCL=on", id="intel-cpu"),
        pytest.param(["apple"], built("MTL", "BLAS", "CPU"), "ok", None, id="apple-metal"),
        pytest.param(["apple"], built("CPU"), "note", "-DGGML_METAL=on", id="apple-cpu"),
        pytest.param(["nvidia", "amd"], built("CUDA", "CPU"), "note", "-DGGML_HIP=on", id="the-second-card"),
        pytest.param(["nvidia"], built(offloads=True), "ok", None, id="unnamed-that-offloads"),
        pytest.param(["nvidia"], built(), "note", "-DGGML_CUDA=on", id="unnamed-that-does-not"),
        pytest.param([], LlamaBuild("absent"), "note", None, id="absent"),
        pytest.param(["amd"], LlamaBuild("absent"), "note", "-DGGML_HIP=on", id="absent-with-a-card"),
        pytest.param([], LlamaBuild("fails", fault="no libcudart"), "broken", None, id="fails"),
    ],
)
def test_a_build_that_cannot_use_a_card_is_told_with_its_flag(
    vendors: list[Vendor], build: LlamaBuild, state: str, flag: str | None
) -> None:
    found = InstalledEngine(build, tuple(card(each) for each in vendors))
    assert (found.state, found.build_flag) == (state, flag)


def test_the_engine_of_this_environment_loads_and_says_what_it_was_built_with() -> None:
    found = installed_build()
    assert found.state == "loads"
    assert found.version
    assert "CPU" in found.backends


def python_with(tmp_path: Path, module: str) -> str:
    """A Python whose llama_cpp is `module`, or the error of an import where that is empty."""
    import sys

    folder = tmp_path / "modules"
    folder.mkdir()
    if module:
        (folder / "llama_cpp.py").write_text(module)
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" -S "$@"\n')
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        pytest.param("", LlamaBuild("absent"), id="absent"),
        pytest.param(
            "raise OSError('libcudart.so.12: cannot open')",
            LlamaBuild("fails", fault="OSError: libcudart.so.12: cannot open"),
            id="a-library-is-missing",
        ),
        pytest.param("import nothing_such", LlamaBuild("fails", fault="ModuleNotFoundError"), id="half-installed"),
        pytest.param(
            "import os; os.kill(os.getpid(), 4)",
            LlamaBuild("fails", fault="it was ended by signal 4"),
            id="built-for-another-processor",
        ),
        pytest.param("import time; time.sleep(60)", LlamaBuild("fails", fault="it did not load within"), id="hangs"),
        pytest.param(
            "print('hello')\n__version__ = '9'\ndef llama_supports_gpu_offload(): return True",
            LlamaBuild("loads", "9", (), offloads=True),
            id="one-that-says-little",
        ),
    ],
)
def test_what_cannot_be_loaded_is_told_and_harms_nothing(tmp_path: Path, module: str, expected: LlamaBuild) -> None:
    found = installed_build(python_with(tmp_path, module), wait_s=2.0 if "sleep" in module else 60.0)
    assert (found.state, found.version, found.backends, found.offloads) == (
        expected.state,
        expected.version,
        expected.backends,
        expected.offloads,
    )
    assert (expected.fault or "") in (found.fault or "")
