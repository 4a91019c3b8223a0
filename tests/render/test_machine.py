from __future__ import annotations

import pytest

from r1plan.hardware.machine import Cpu, Disk, GpuDevice, GpuProcess, HostMemory, Machine
from r1plan.render.machine import lines, sentence
from r1plan.units import GIB, MIB

CPU = Cpu(model="AMD Ryzen 9 7950X 16-Core Processor", cores=32, physical_cores=16, architecture="x86_64")
RAM = HostMemory(total_bytes=64 * GIB, available_bytes=51 * GIB, bandwidth_gb_s=76.8, bandwidth_basis="assumed")
DISK = Disk(path="/home/ann/.local/share/r1plan", free_bytes=812_400_000_000)


def gpu(index: int = 0, name: str = "NVIDIA GeForce RTX 4090", free: int = 24_564 - 827, **more: object) -> GpuDevice:
    facts: dict[str, object] = {
        "index": index,
        "vendor": "nvidia",
        "name": name,
        "profile": "rtx-4090",
        "total_bytes": 24_564 * MIB,
        "free_bytes": free * MIB,
        "bandwidth_gb_s": 1008.0,
        "driver": "550.163.01",
        "compute_capability": "8.9",
        "pcie_generation": 4,
        "pcie_lanes": 16,
        "power_limit_w": 450.0,
    }
    return GpuDevice(**(facts | more))  # type: ignore[arg-type]


def machine(*gpus: GpuDevice, memory: HostMemory = RAM, disk: Disk | None = DISK) -> Machine:
    return Machine(origin="detected", system="linux", cpu=CPU, memory=memory, gpus=gpus, disk=disk)


DESKTOP = machine(gpu(processes=(GpuProcess(pid=1650, name="Xorg", used_bytes=310 * MIB),)))

AT_120 = """\
1 x RTX 4090, 23.2 of 24.0 GiB free; 64.0 GiB RAM, 51.0 available; 32 cores.

GPU 0      NVIDIA GeForce RTX 4090 (rtx-4090)
           23.2 of 24.0 GiB free, 1,008 GB/s, PCIe 4 x16, 450 W, compute 8.9, driver 550.163.01
           held by Xorg (1650) 310 MiB
processor  AMD Ryzen 9 7950X 16-Core Processor (x86_64), 32 cores usable, 16 physical
memory     51.0 of 64.0 GiB available, 76.8 GB/s (assumed)
disk       812 GB free for models in /home/ann/.local/share/r1plan"""

AT_80 = """\
1 x RTX 4090, 23.2 of 24.0 GiB free; 64.0 GiB RAM, 51.0 available; 32 cores.

GPU 0      NVIDIA GeForce RTX 4090 (rtx-4090)
           23.2 of 24.0 GiB free, 1,008 GB/s, PCIe 4 x16, 450 W, compute 8.9,
           driver 550.163.01
           held by Xorg (1650) 310 MiB
processor  AMD Ryzen 9 7950X 16-Core Processor (x86_64), 32 cores usable, 16
           physical
memory     51.0 of 64.0 GiB available, 76.8 GB/s (assumed)
disk       812 GB free for models in /home/ann/.local/share/r1plan"""


@pytest.mark.parametrize(("width", "shown"), [(120, AT_120), (80, AT_80)])
def test_a_desktop_is_shown(width: int, shown: str) -> None:
    assert "\n".join(lines(DESKTOP, width)) == shown


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, lines(machine(gpu(0), gpu(1, free=9_000), gpu(2, name="x" * 10)), width))) <= width


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        pytest.param(machine(), "No graphics card found; 64.0 GiB RAM, 51.0 available; 32 cores.", id="no card"),
        pytest.param(
            machine(gpu(0), gpu(1)),
            "2 x RTX 4090, 46.4 of 48.0 GiB free; 64.0 GiB RAM, 51.0 available; 32 cores.",
            id="two of a kind",
        ),
        pytest.param(
            machine(gpu(0), gpu(1, name="Tesla T4")),
            "1 x RTX 4090, 23.2 of 24.0 GiB free; 1 x Tesla T4, 23.2 of 24.0 GiB free; "
            "64.0 GiB RAM, 51.0 available; 32 cores.",
            id="two kinds",
        ),
        pytest.param(
            machine(gpu(name="Apple M3 Max (40)", unified=True)),
            "M3 Max (40) with 64.0 GiB of memory for processor and graphics, 23.2 free for models; 32 cores.",
            id="unified",
        ),
        pytest.param(
            machine(memory=HostMemory(total_bytes=64 * GIB, available_bytes=7 * GIB, limit_bytes=8 * GIB)),
            "No graphics card found; 8.0 GiB RAM, 7.0 available; 32 cores.",
            id="a container's limit is what there is",
        ),
    ],
)
def test_the_answer_is_one_sentence(shown: Machine, told: str) -> None:
    assert sentence(shown) == told


def test_cards_that_differ_in_nothing_are_told_once() -> None:
    labels = [each[:11].strip() for each in lines(machine(gpu(0), gpu(1), gpu(2, free=1_000), gpu(3)), 120)]
    assert [each for each in labels if each.startswith("GPU")] == ["GPU 0-1", "GPU 2", "GPU 3"]


def test_a_containers_limit_has_its_own_line() -> None:
    limited = HostMemory(total_bytes=64 * GIB, available_bytes=7 * GIB, limit_bytes=8 * GIB)
    assert "container  limited to 8.0 GiB of memory" in lines(machine(memory=limited), 80)


def test_what_is_unknown_is_said_to_be() -> None:
    bare = GpuDevice(
        index=0,
        vendor="amd",
        name="AMD GPU 1002:7fff",
        profile=None,
        total_bytes=GIB,
        free_bytes=GIB,
        bandwidth_gb_s=None,
    )
    memory = HostMemory(total_bytes=GIB, available_bytes=GIB)
    shown = "\n".join(lines(machine(bare, memory=memory, disk=None), 120))
    assert "AMD GPU 1002:7fff (no data sheet)\n           1.0 of 1.0 GiB free, bandwidth unknown\n" in shown
    assert "1.0 of 1.0 GiB available, bandwidth unknown" in shown
    assert "disk" not in shown


def test_a_process_without_a_name_or_an_amount_is_shown() -> None:
    shown = "\n".join(lines(machine(gpu(processes=(GpuProcess(pid=77, name=None, used_bytes=None),))), 120))
    assert "held by a process (77) an unknown amount" in shown


def test_names_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in "\n".join(lines(machine(gpu(name="evil\x1b[2Jcard")), 120))
