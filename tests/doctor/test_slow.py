"""What slows models down, from what the system and the drivers say; and what is no fault is not told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from r1plan.doctor.build.toolbox import Ran
from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.slow.cards import CardReading, amd_readings, nvidia_readings, slow_cards
from r1plan.doctor.slow.cause import (
    CardIdle,
    FewCores,
    HeldMemory,
    LittleMemory,
    LowClocks,
    LowPower,
    MigSlice,
    NarrowLink,
    OnBattery,
    PlainBuild,
    RemoteFolder,
    SlowCause,
    Swapping,
    Throttled,
    TranslatedPython,
)
from r1plan.doctor.slow.engine import slow_engine
from r1plan.doctor.slow.host import HostReadings, MountPoint, host_readings, slow_host
from r1plan.engine.local.build import LlamaBuild
from r1plan.hardware.machine import Cpu, GpuProcess, HostMemory, Machine
from r1plan.units import GIB, MIB
from tests.doctor.system import FakeSystem, card, linux
from tests.machines.replay import ReplayedNvml

MACHINE = Machine(
    origin="detected",
    system="linux",
    cpu=Cpu(model="a processor", cores=8, architecture="x86_64"),
    memory=HostMemory(total_bytes=64 * GIB, available_bytes=40 * GIB, bandwidth_gb_s=64.0),
)
SHORT = replace(MACHINE, memory=replace(MACHINE.memory, available_bytes=6 * GIB))
LIMITED = replace(MACHINE, memory=replace(MACHINE.memory, limit_bytes=8 * GIB))
CALM = CardReading(
    index=0,
    name="RTX 4090",
    limit_w=450,
    default_w=450,
    lanes=16,
    best_lanes=16,
    generation=4,
    best_generation=4,
    busy_percent=90,
)


def causes(reading: CardReading) -> list[SlowCause]:
    return list(slow_cards([reading], [], 1))


@pytest.mark.parametrize(
    ("reading", "cause"),
    [
        pytest.param(CALM, None, id="all-is-well"),
        pytest.param(CardReading(index=0, name="x"), None, id="a-driver-that-says-nothing"),
        pytest.param(replace(CALM, limit_w=449), None, id="a-limit-rounded-down"),
        pytest.param(replace(CALM, limit_w=600), None, id="a-limit-raised"),
        pytest.param(
            replace(CALM, limit_w=300),
            LowPower(index=0, name="RTX 4090", limit_w=300, default_w=450),
            id="a-limit-lowered",
        ),
        pytest.param(replace(CALM, generation=1, busy_percent=3), None, id="an-idle-card-lowers-its-link"),
        pytest.param(replace(CALM, generation=1, busy_percent=None), None, id="nobody-says-whether-it-is-idle"),
        pytest.param(
            replace(CALM, generation=3),
            NarrowLink(name="RTX 4090", generation=3, lanes=16, best_generation=4, best_lanes=16),
            id="a-busy-card-on-an-older-link",
        ),
        pytest.param(
            replace(CALM, lanes=4, generation=1, busy_percent=0),
            NarrowLink(name="RTX 4090", generation=4, lanes=4, best_generation=4, best_lanes=16),
            id="fewer-lanes-even-when-idle",
        ),
        pytest.param(
            replace(CALM, reasons=("heat",)), Throttled(index=0, name="RTX 4090", reasons=("heat",)), id="hot"
        ),
        pytest.param(replace(CALM, clock_level="auto", level_file="/l"), None, id="clocks-as-the-driver-likes"),
        pytest.param(
            replace(CALM, clock_level="low", level_file="/l"),
            LowClocks(name="RTX 4090", level_file="/l"),
            id="low-clocks",
        ),
    ],
)
def test_a_card_is_slow_only_where_its_driver_says_so(reading: CardReading, cause: SlowCause | None) -> None:
    assert causes(reading) == ([] if cause is None else [cause])


def held(*processes: tuple[int, int | None], **more: Any) -> list[SlowCause]:
    holders = tuple(GpuProcess(pid=pid, name=f"p{pid}", used_bytes=used) for pid, used in processes)
    return list(slow_cards([], [replace(card("nvidia", "RTX 4090"), processes=holders, **more)], 7))


@pytest.mark.parametrize(
    ("processes", "named"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([(1, 511 * MIB)], [], id="a-desktop's-share"),
        pytest.param([(1, 512 * MIB)], [1], id="just-enough"),
        pytest.param([(1, 300 * MIB), (2, 300 * MIB)], [1, 2], id="together"),
        pytest.param([(7, 9 * GIB)], [], id="this-process"),
        pytest.param([(1, None)], [], id="nobody-says-how-much"),
        pytest.param([(1, 9 * GIB), (2, None)], [1], id="of-one-nobody-says"),
    ],
)
def test_who_holds_a_cards_memory_is_named(processes: list[tuple[int, int | None]], named: list[int]) -> None:
    found = held(*processes)
    assert [each.pid for cause in found if isinstance(cause, HeldMemory) for each in cause.processes] == named
    assert len(found) == bool(named)


def test_a_slice_of_a_card_and_memory_that_is_shared() -> None:
    assert held(mig=True) == [MigSlice(name="RTX 4090")]
    shares = replace(card("nvidia", "GB10"), unified=True)
    on_board = replace(CALM, name="GB10", lanes=1, generation=1)
    assert list(slow_cards([on_board], [shares], 7)) == []


class NvmlNow(ReplayedNvml):
    """A recording, with what its cards say of this moment."""

    def __init__(self, recording: dict[str, Any], **now: Any) -> None:
        super().__init__(recording)
        self.now = now

    def __getattr__(self, name: str) -> Any:
        return (lambda *_: self._answer(self.now[name])) if name in self.now else super().__getattr__(name)


def recorded(name: str) -> dict[str, Any]:
    return ReplayedNvml.of(name).recording


def test_nvidias_driver_is_asked_what_it_knows() -> None:
    assert nvidia_readings(ReplayedNvml.of("desktop-rtx-4090")).cards == (
        CardReading(index=0, name="NVIDIA GeForce RTX 4090", limit_w=450, lanes=16, best_generation=4, generation=None),
    )
    nvml = NvmlNow(
        recorded("desktop-rtx-4090"),
        nvmlSystemGetCudaDriverVersion_v2=12040,
        nvmlDeviceGetPowerManagementDefaultLimit=480_000,
        nvmlDeviceGetCurrentClocksThrottleReasons=0x48,
        nvmlDeviceGetUtilizationRates={"gpu": 97, "memory": 3},
        nvmlDeviceGetMaxPcieLinkWidth=16,
        nvmlDeviceGetCurrPcieLinkGeneration=1,
    )
    found = nvidia_readings(nvml)
    assert found.driver_cuda == (12, 4)
    assert [type(each) for each in causes(found.cards[0])] == [LowPower, Throttled, NarrowLink]


@pytest.mark.parametrize(
    ("mask", "reasons"),
    [
        (0x0, ()),
        (0x1, ()),  # idle
        (0x4, ()),  # at its power cap, as every card at work
        (0x20, ("heat",)),
        (0x40 | 0x8, ("heat",)),
        (0x80 | 0x8, ("power-brake",)),
        (0x8, ("hardware",)),
        (0x40 | 0x80, ("heat", "power-brake")),
    ],
)
def test_of_the_reasons_to_lower_clocks_only_faults_count(mask: int, reasons: tuple[str, ...]) -> None:
    nvml = NvmlNow(recorded("h200"), nvmlDeviceGetCurrentClocksEventReasons=mask)
    assert nvidia_readings(nvml).cards[0].reasons == reasons


def test_a_driver_that_does_not_start_and_a_lost_card_harm_nothing() -> None:
    assert nvidia_readings(None).cards == ()
    assert nvidia_readings(ReplayedNvml({"init": {"error": 9}, "devices": []})).cards == ()
    assert [each.index for each in nvidia_readings(ReplayedNvml.of("mixed-3090-and-lost")).cards] == [0, 2]


def test_amds_driver_is_read_from_its_files(tmp_path: Path) -> None:
    device = "/sys/class/drm/card1/device"
    system = linux(tmp_path).file(f"{device}/vendor", "0x1002\n").file(f"{device}/product_name", "Radeon RX 7900 XTX\n")
    system.file(f"{device}/hwmon/hwmon3/power1_cap", "250000000\n").file(
        "/sys/class/drm/card1-DP-1/device/vendor", "0x1002"
    )
    system.file(f"{device}/hwmon/hwmon3/power1_cap_default", "339000000\n")
    system.file(f"{device}/power_dpm_force_performance_level", "low\n").file(
        "/sys/class/drm/card0/device/vendor", "0x8086"
    )
    (reading,) = amd_readings(system.tools)
    assert causes(reading) == [
        LowPower(
            index=1, name="Radeon RX 7900 XTX", limit_w=250, default_w=339, cap_file=f"{device}/hwmon/hwmon3/power1_cap"
        ),
        LowClocks(name="Radeon RX 7900 XTX", level_file=f"{device}/power_dpm_force_performance_level"),
    ]


QUIET = HostReadings(cores=8)


@pytest.mark.parametrize(
    ("readings", "machine", "cause"),
    [
        pytest.param(QUIET, MACHINE, None, id="all-is-well"),
        pytest.param(HostReadings(), None, None, id="a-system-that-says-nothing"),
        pytest.param(replace(QUIET, swap_used_bytes=9 * GIB), MACHINE, None, id="swap-that-nobody-asks-for"),
        pytest.param(
            replace(QUIET, swap_used_bytes=GIB),
            SHORT,
            Swapping(used_bytes=GIB, stalled_percent=None),
            id="swap-and-short",
        ),
        pytest.param(replace(QUIET, swap_used_bytes=GIB - 1), SHORT, None, id="a-little-swap"),
        pytest.param(replace(QUIET, stalled_percent=0.99), MACHINE, None, id="a-moment-of-waiting"),
        pytest.param(
            replace(QUIET, stalled_percent=1.0),
            MACHINE,
            Swapping(used_bytes=0, stalled_percent=1.0),
            id="under-pressure",
        ),
        pytest.param(replace(QUIET, cores=7), MACHINE, None, id="all-cores"),
        pytest.param(
            replace(QUIET, cores=64, is_container=True),
            MACHINE,
            FewCores(usable=8, present=64, is_container=True),
            id="some-cores",
        ),
        pytest.param(QUIET, LIMITED, LittleMemory(limit_bytes=8 * GIB, total_bytes=64 * GIB), id="some-memory"),
        pytest.param(replace(QUIET, is_translated=True), MACHINE, TranslatedPython(), id="rosetta"),
        pytest.param(replace(QUIET, is_on_battery=True), MACHINE, OnBattery(), id="battery"),
    ],
)
def test_the_host_is_slow_only_where_the_system_says_so(
    readings: HostReadings, machine: Machine | None, cause: SlowCause | None
) -> None:
    assert list(slow_host(readings, machine, [])) == ([] if cause is None else [cause])


@pytest.mark.parametrize(
    ("mounts", "told"),
    [
        pytest.param([("/", "ext4")], [], id="a-disk-of-its-own"),
        pytest.param([("/", "nfs4")], ["nfs4"], id="all-of-it-elsewhere"),
        pytest.param([("/", "ext4"), ("/home", "nfs")], ["nfs"], id="home-elsewhere"),
        pytest.param([("/", "nfs"), ("/home/ann/models", "xfs")], [], id="models-on-a-disk-of-their-own"),
        pytest.param([("/home", "nfs"), ("/home", "ext4")], [], id="mounted-over"),
        pytest.param([("/home/an", "nfs"), ("/", "ext4")], [], id="a-name-that-only-begins-alike"),
        pytest.param([("/home/ann/models", "fuse.sshfs")], ["sshfs"], id="sshfs"),
        pytest.param([("/home", "cifs")], ["cifs"], id="a-share-of-windows"),
        pytest.param([("/home", "lustre")], [], id="a-cluster's"),
        pytest.param([("/home", "fuse.mergerfs")], [], id="disks-together"),
        pytest.param([], [], id="nobody-says"),
    ],
)
def test_models_behind_a_network_are_told(mounts: list[tuple[str, str]], told: list[str]) -> None:
    points = tuple(MountPoint(path=Path(path), file_system=kind, options="x rw") for path, kind in mounts)
    folders = [Path("/home/ann/models"), Path("/home/ann/models/more")]
    found = list(slow_host(replace(QUIET, mounts=points), MACHINE, folders))
    assert [each.file_system for each in found if isinstance(each, RemoteFolder)] == told
    assert len(found) == len(told)


def test_a_linux_says_all_of_it_in_files(tmp_path: Path) -> None:
    system = linux(tmp_path).file("/proc/meminfo", "SwapTotal: 8388608 kB\nSwapFree: 6291456 kB\n")
    system.file("/proc/pressure/memory", "some avg10=9.00 avg60=2.50 avg300=0.11 total=1\nfull avg10=0.00 avg60=7.00\n")
    system.file("/proc/self/mounts", "C:\\134 /mnt/my\\040models 9p rw,aname=drvfs;path=C:\\134,uid=1 0 0\nshort\n")
    system.file("/sys/class/power_supply/BAT0/type", "Battery\n").file("/sys/class/power_supply/AC/type", "Mains\n")
    system.file("/sys/class/power_supply/BAT0/status", "Discharging\n").file("/sys/class/power_supply/AC/online", "0\n")
    found = host_readings(system.tools, 8, is_container=True)
    assert (found.swap_used_bytes, found.stalled_percent, found.is_on_battery) == (2 * GIB, 2.5, True)
    assert found.is_container
    told = slow_host(found, MACHINE, [Path("/mnt/my models/x"), Path("/mnt")])
    (remote,) = (each for each in told if isinstance(each, RemoteFolder))
    assert (remote.path, remote.is_windows_drive) == (Path("/mnt/my models/x"), True)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"M/type": "Battery", "M/status": "Discharging", "M/scope": "Device"}, False, id="a-mouse"),
        pytest.param({"B/type": "Battery", "B/status": "Charging"}, False, id="charging"),
        pytest.param(
            {"B/type": "Battery", "B/status": "Discharging", "U/type": "USB", "U/online": "1"}, False, id="plugged-in"
        ),
        pytest.param({"B/type": "Battery", "B/status": "Discharging"}, True, id="a-battery-alone"),
        pytest.param({"A/type": "Mains", "A/online": "0"}, False, id="no-battery"),
    ],
)
def test_only_the_computers_own_battery_counts(tmp_path: Path, files: dict[str, str], expected: bool) -> None:
    system = linux(tmp_path)
    for name, text in files.items():
        system.file(f"/sys/class/power_supply/{name}", f"{text}\n")
    assert host_readings(system.tools, 8, is_container=False).is_on_battery is expected


def test_a_mac_says_it_to_sysctl(tmp_path: Path) -> None:
    answers = {
        "sysctl -n vm.swapusage": Ran(0, "total = 3072.00M  used = 2048.00M  free = 1024.00M  (encrypted)\n"),
        "sysctl -n sysctl.proc_translated": Ran(0, "1\n"),
    }
    found = host_readings(FakeSystem(tmp_path, system="darwin", answers=answers).tools, 8, is_container=False)
    assert (found.swap_used_bytes, found.is_translated) == (2 * GIB, True)
    silent = host_readings(FakeSystem(tmp_path, system="darwin").tools, 8, is_container=False)
    assert (silent.swap_used_bytes, silent.is_translated) == (0, False)


FOUND = replace(card("nvidia", "RTX 4090"), bandwidth_gb_s=1008.0)
IDLE = CardIdle(name="RTX 4090", card_gb_s=1008, memory_gb_s=64)


@pytest.mark.parametrize(
    ("backends", "features", "change", "expected"),
    [
        pytest.param(("CPU",), "CPU : AVX2 = 1 | ", None, [IDLE], id="idle"),
        pytest.param(("CUDA", "CPU"), "CPU : AVX2 = 1 | ", None, [], id="in-use"),
        pytest.param(("CUDA", "CPU"), "CPU : SSE3 = 1 | ", None, [PlainBuild()], id="a-plain-build"),
        pytest.param(("CUDA", "CPU"), "", None, [], id="a-build-that-says-nothing"),
        pytest.param(("CPU",), "", lambda each: replace(each, unified=True), [], id="one-memory"),
        pytest.param(("CPU",), "", lambda each: replace(each, bandwidth_gb_s=None), [], id="nobody-knows-how-fast"),
    ],
)
def test_what_a_build_costs_is_told(
    backends: tuple[str, ...], features: str, change: Callable[[Any], Any] | None, expected: list[SlowCause]
) -> None:
    device = change(FOUND) if change else FOUND
    engine = InstalledEngine(LlamaBuild("loads", "0.3.36", backends, features=features), (device,))
    assert list(slow_engine(engine, MACHINE, has_avx2=True)) == expected
    assert list(slow_engine(engine, None, has_avx2=False)) == []
