"""Whether the llama.cpp that is installed loads, and can use the cards that are here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.look import missing_library
from r1plan.engine.local.build import LlamaBuild, installed_build
from r1plan.hardware.machine import Vendor
from tests.doctor.system import card, linux


def built(*backends: str, offloads: bool = False) -> LlamaBuild:
    return LlamaBuild("loads", "0.3.36", backends, offloads)


@pytest.mark.parametrize(
    ("vendors", "build", "state"),
    [
        pytest.param([], built("CPU"), "ok", id="no-card"),
        pytest.param(["nvidia"], built("CUDA", "CPU"), "ok", id="nvidia-cuda"),
        pytest.param(["nvidia"], built("Vulkan", "CPU"), "ok", id="nvidia-vulkan"),
        pytest.param(["nvidia"], built("CPU"), "note", id="nvidia-cpu"),
        pytest.param(["nvidia"], built("ROCm", "CPU"), "note", id="nvidia-rocm"),
        pytest.param(["amd"], built("ROCm", "CPU"), "ok", id="amd-rocm"),
        pytest.param(["amd"], built("HIP", "CPU"), "ok", id="amd-hip"),
        pytest.param(["amd"], built("CUDA", "CPU"), "note", id="amd-cuda"),
        pytest.param(["intel"], built("Vulkan", "CPU"), "ok", id="intel-vulkan"),
        pytest.param(["intel"], built("CPU"), "note", id="intel-cpu"),
        pytest.param(["apple"], built("MTL", "BLAS", "CPU"), "ok", id="apple-metal"),
        pytest.param(["apple"], built("CPU"), "note", id="apple-cpu"),
        pytest.param(["nvidia", "amd"], built("CUDA", "CPU"), "note", id="the-second-card"),
        pytest.param(["nvidia"], built(offloads=True), "ok", id="unnamed-that-offloads"),
        pytest.param(["nvidia"], built(), "note", id="unnamed-that-does-not"),
        pytest.param([], LlamaBuild("absent"), "note", id="absent"),
        pytest.param(["amd"], LlamaBuild("absent"), "note", id="absent-with-a-card"),
        pytest.param([], LlamaBuild("fails", fault="no libcudart"), "broken", id="fails"),
    ],
)
def test_a_build_that_cannot_use_a_card_wants_another(vendors: list[Vendor], build: LlamaBuild, state: str) -> None:
    found = InstalledEngine(build, tuple(card(each) for each in vendors))
    assert (found.state, found.wants_build) == (state, state != "ok")


@pytest.mark.parametrize(
    ("features", "capabilities", "architectures", "state"),
    [
        pytest.param("CUDA : ARCHS = 890 | USE_GRAPHS = 1 | ", ["8.9"], (89,), "ok", id="the-same"),
        pytest.param("CUDA : ARCHS = 860,890 | ", ["8.6", "8.9"], (86, 89), "ok", id="both"),
        pytest.param("CUDA : ARCHS = 860 | ", ["8.9"], (86,), "ok", id="a-newer-card"),
        pytest.param("CUDA : ARCHS = 890 | ", ["8.6"], (89,), "note", id="an-older-card"),
        pytest.param("CUDA : ARCHS = 890,1200 | ", ["12.0", "7.5"], (89, 120), "note", id="one-older-card"),
        pytest.param("CPU : AVX2 = 1 | ", ["7.5"], (), "ok", id="a-build-that-does-not-say"),
        pytest.param("CUDA : ARCHS = 890 | ", [None], (89,), "ok", id="a-card-that-does-not-say"),
    ],
)
def test_a_build_for_newer_cards_only_is_told(
    features: str, capabilities: list[str | None], architectures: tuple[int, ...], state: str
) -> None:
    build = LlamaBuild("loads", "0.3.36", ("CUDA", "CPU"), offloads=True, features=features)
    found = InstalledEngine(build, tuple(replace(card("nvidia"), compute_capability=each) for each in capabilities))
    assert (found.cuda_architectures, found.state) == (architectures, state)


@pytest.mark.parametrize(
    ("cards", "seen", "expected"),
    [(["nvidia"], 0, True), (["nvidia"], 1, False), (["nvidia"], None, False), ([], 0, False), (["amd"], 0, False)],
)
def test_a_build_for_the_cards_that_finds_none_is_told(cards: list[Vendor], seen: int | None, expected: bool) -> None:
    build = LlamaBuild("loads", "0.3.36", ("CUDA", "CPU"), offloads=True, cards=seen)
    found = InstalledEngine(build, tuple(card(each) for each in cards))
    assert found.finds_no_card is expected
    assert found.wants_build is (expected or cards == ["amd"])


OPEN = "cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("fault", "at", "expected"),
    [
        (
            f"OSError: libcudart.so.12: {OPEN}",
            "/usr/local/cuda-12.8/lib64/libcudart.so.12",
            ("/usr/local/cuda-12.8/lib64", "libcudart.so.12"),
        ),
        (f"libcuda.so.1: {OPEN}", "/usr/lib/wsl/lib/libcuda.so.1", ("/usr/lib/wsl/lib", "libcuda.so.1")),
        (f"libcudart.so.12: {OPEN}", "/usr/local/cuda-13.0/lib64/libcudart.so.13", None),
        ("libcudart.so.12: undefined symbol", "/usr/local/cuda/lib64/libcudart.so.12", None),
        (None, "/usr/local/cuda/lib64/libcudart.so.12", None),
    ],
)
def test_a_library_that_lies_elsewhere_is_found(
    tmp_path: Path, fault: str | None, at: str, expected: tuple[str, str] | None
) -> None:
    assert missing_library(linux(tmp_path).file(at).tools, fault) == expected


def test_the_engine_of_this_environment_loads_and_says_what_it_was_built_with() -> None:
    found = installed_build()
    assert found.state == "loads"
    assert found.version
    assert "CPU" in found.backends
    assert "CPU : " in found.features
    assert found.cards is not None


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
