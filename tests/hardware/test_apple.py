from __future__ import annotations

from collections.abc import Sequence

import pytest

from r1plan.hardware import apple
from r1plan.hardware.machine import HostMemory
from r1plan.units import GIB, MIB

# As `ioreg -r -d 1 -c AGXAccelerator` prints it, shortened.
IOREG = """+-o AGXAcceleratorG15X  <class AGXAcceleratorG15X, id 0x1000004bd, registered, matched, active, busy 0>
    {
      "IOClass" = "AGXAcceleratorG15X"
      "gpu-core-count" = 40
      "model" = "Apple M3 Max"
    }
"""


def mac(sysctl: str | None, ioreg: str | None = IOREG) -> apple.Runner:
    def answer(command: Sequence[str]) -> str | None:
        return {"sysctl": sysctl, "ioreg": ioreg}[command[0]]

    return answer


def sysctl(chip: str = "Apple M3 Max", ram: int = 128 * GIB, wired: int | None = 0) -> str:
    lines = [f"hw.memsize: {ram}", f"machdep.cpu.brand_string: {chip}"]
    return "\n".join(lines + ([] if wired is None else [f"iogpu.wired_limit_mb: {wired}"]))


MEMORY = HostMemory(total_bytes=128 * GIB, available_bytes=110 * GIB)


def test_a_mac_is_one_unified_device() -> None:
    (found,) = apple.probe(MEMORY, mac(sysctl())).gpus
    device = found.device
    assert (device.vendor, device.name, device.unified) == ("apple", "Apple M3 Max (40)", True)
    assert (device.total_bytes, device.free_bytes, device.memory_basis) == (96 * GIB, 96 * GIB, "assumed")


@pytest.mark.parametrize(
    ("ram_gib", "mib"),
    [
        pytest.param(16, 10_922, id="two thirds of 16"),
        pytest.param(32, 21_845, id="two thirds of 32"),
        pytest.param(36, 27_648, id="three quarters of 36"),
        pytest.param(96, 73_728, id="three quarters of 96"),
    ],
)
def test_metal_leaves_what_llama_cpp_prints(ram_gib: int, mib: int) -> None:
    assert apple.metal_limit_bytes(ram_gib * GIB) // MIB == mib


def test_a_wired_limit_is_taken_at_its_word() -> None:
    found = apple.probe(MEMORY, mac(sysctl(wired=120_000)))
    device = found.gpus[0].device
    assert (device.total_bytes, device.memory_basis) == (120_000 * MIB, "given")
    assert device.free_bytes == 110 * GIB
    assert found.notes == ()


def test_an_older_macos_without_a_wired_limit_is_read_too() -> None:
    assert apple.probe(MEMORY, mac(sysctl(wired=None))).gpus[0].device.total_bytes == 96 * GIB


def test_unknown_cores_are_said() -> None:
    found = apple.probe(MEMORY, mac(sysctl(), ioreg=None))
    assert found.gpus[0].device.name == "Apple M3 Max"
    assert "The number of GPU cores is unknown: ioreg did not answer." in found.notes


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        pytest.param(None, "The chip is unknown: sysctl did not answer.", id="no sysctl"),
        pytest.param(
            sysctl("Intel(R) Core(TM) i9-9880H CPU @ 2.30GHz"),
            "This Mac has no Apple GPU (its processor is Intel(R) Core(TM) i9-9880H CPU @ 2.30GHz).",
            id="intel",
        ),
    ],
)
def test_a_mac_without_an_apple_gpu_is_a_note(answer: str | None, note: str) -> None:
    found = apple.probe(MEMORY, mac(answer))
    assert (found.gpus, found.notes) == ((), (note,))


def test_a_command_that_does_not_exist_is_no_answer() -> None:
    assert apple.run(("r1plan-no-such-command",)) is None
