from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.hardware import host
from r1plan.units import GIB, KIB, MIB
from tests.machines.replay import tree

# Recorded in a virtual machine with the hybrid hierarchy: v1 controllers, v2 mounted empty beside them.
MEMINFO = "MemTotal:       24684084 kB\nMemFree:        23909136 kB\nMemAvailable:   24242560 kB\n"
CPUINFO = "\n\n".join(
    f"processor\t: {n}\nmodel name\t: AMD EPYC\nphysical id\t: 0\ncore id\t\t: {n // 2}\ncpu cores\t: 2"
    for n in range(4)
)
V1 = {
    "proc/self/cgroup": "4:memory:/jobs/one\n3:cpuset:/\n1:cpu,cpuacct:/jobs/one\n0::/\n",
    "proc/self/mountinfo": (
        "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
    ),
    "sys/fs/cgroup/unified/cgroup.procs": "",
}
NO_V1_LIMIT = "9223372036854771712\n"
V2 = {
    "proc/self/cgroup": "0::/kubepods/pod1/box\n",
    "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
}
POD, BOX = "sys/fs/cgroup/kubepods/pod1", "sys/fs/cgroup/kubepods/pod1/box"


def probed(root: Path, files: dict[str, str], affinity: int = 4) -> host.FoundHost:
    tree(root, {"proc/meminfo": MEMINFO, "proc/cpuinfo": CPUINFO, **files})
    return host.probe(root, system="linux", architecture="x86_64", affinity=affinity)


def test_processor_and_memory_are_read(tmp_path: Path) -> None:
    found = probed(tmp_path, {})
    assert (found.cpu.model, found.cpu.cores, found.cpu.physical_cores) == ("AMD EPYC", 4, 2)
    assert found.memory.total_bytes == 24_684_084 * KIB
    assert found.memory.available_bytes == 24_242_560 * KIB
    assert found.memory.limit_bytes is None


@pytest.mark.parametrize(("sockets", "said"), [(1, True), (2, True), (4, True), (1, False)])
def test_sockets_are_counted_where_the_kernel_names_them(tmp_path: Path, sockets: int, said: bool) -> None:
    cpuinfo = "\n\n".join(
        f"processor\t: {n}\nmodel name\t: x" + (f"\nphysical id\t: {n % sockets}\ncore id\t\t: {n}" if said else "")
        for n in range(8)
    )
    assert probed(tmp_path, {"proc/cpuinfo": cpuinfo}).cpu.sockets == sockets


@pytest.mark.parametrize(
    ("flags", "avx512", "amx"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512bw amx_bf16 amx_tile amx_int8", True, True),
        ("flags\t\t: fpu avx2 avx512f", True, False),
        ("flags\t\t: fpu avx2", False, False),
        ("Features\t: fp asimd", None, None),
    ],
)
def test_instructions_are_those_that_the_kernel_lists(
    tmp_path: Path, flags: str, avx512: bool | None, amx: bool | None
) -> None:
    cpu = probed(tmp_path, {"proc/cpuinfo": f"processor\t: 0\nmodel name\t: x\n{flags}\n"}).cpu
    assert (cpu.avx512, cpu.amx) == (avx512, amx)


@pytest.mark.parametrize(
    ("files", "limit", "available"),
    [
        pytest.param(
            {**V2, f"{BOX}/memory.max": "8589934592\n", f"{BOX}/memory.current": "1073741824\n"},
            8 * GIB,
            7 * GIB,
            id="v2-own-group",
        ),
        pytest.param(
            {
                **V2,
                f"{BOX}/memory.max": "max\n",
                f"{BOX}/memory.current": "1\n",
                f"{POD}/memory.max": "4294967296\n",
                f"{POD}/memory.current": "2147483648\n",
            },
            4 * GIB,
            2 * GIB,
            id="v2-a-parent-limits",
        ),
        pytest.param(
            {
                **V2,
                f"{BOX}/memory.max": "4294967296\n",
                f"{BOX}/memory.current": "1073741824\n",
                f"{POD}/memory.max": "8589934592\n",
                f"{POD}/memory.current": "8053063680\n",
            },
            4 * GIB,
            GIB // 2,
            id="v2-the-fuller-parent-leaves-less",
        ),
        pytest.param(
            {
                **V2,
                f"{BOX}/memory.max": "4294967296\n",
                f"{BOX}/memory.current": "3221225472\n",
                f"{BOX}/memory.stat": "anon 1\ninactive_file 2147483648\n",
            },
            4 * GIB,
            3 * GIB,
            id="v2-page-cache-is-not-use",
        ),
        pytest.param(
            {
                **V1,
                "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes": "2147483648\n",
                "sys/fs/cgroup/memory/jobs/one/memory.usage_in_bytes": "536870912\n",
                "sys/fs/cgroup/memory/jobs/one/memory.stat": "total_inactive_file 268435456\n",
            },
            2 * GIB,
            2 * GIB - 256 * MIB,
            id="v1-own-group",
        ),
        pytest.param(
            {
                **V1,
                "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes": NO_V1_LIMIT,
                "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes": "2147483648\n",
                "sys/fs/cgroup/memory/jobs/memory.usage_in_bytes": "1073741824\n",
            },
            2 * GIB,
            GIB,
            id="v1-a-parent-limits",
        ),
        pytest.param(
            {
                **V1,
                "proc/self/mountinfo": "35 31 0:32 /jobs/one /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "2147483648\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "0\n",
            },
            2 * GIB,
            2 * GIB,
            id="v1-own-group-is-the-mount",
        ),
        pytest.param(
            {
                **V1,
                "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes": NO_V1_LIMIT,
                "sys/fs/cgroup/memory/jobs/one/memory.usage_in_bytes": "1073741824\n",
                "sys/fs/cgroup/memory/jobs/one/memory.stat": "hierarchical_memory_limit 3221225472\n",
            },
            3 * GIB,
            2 * GIB,
            id="v1-a-group-out-of-sight-limits",
        ),
    ],
)
def test_the_containers_limit_counts(tmp_path: Path, files: dict[str, str], limit: int, available: int) -> None:
    memory = probed(tmp_path, files).memory
    assert (memory.limit_bytes, memory.available_bytes) == (limit, available)
    assert memory.usable_bytes == limit


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({**V2, f"{BOX}/memory.max": "max\n"}, id="v2-max"),
        pytest.param({**V1, "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes": NO_V1_LIMIT}, id="v1-huge"),
        pytest.param({**V2, f"{BOX}/memory.max": f"{24_684_084 * KIB}\n"}, id="exactly-the-ram"),
        pytest.param({"proc/self/cgroup": "nonsense\n", "proc/self/mountinfo": "nonsense\n"}, id="nonsense"),
    ],
)
def test_no_limit_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    memory = probed(tmp_path, files).memory
    assert memory.limit_bytes is None
    assert memory.available_bytes == 24_242_560 * KIB


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        pytest.param("max 100000", 4, id="none"),
        pytest.param("200000 100000", 2, id="two"),
        pytest.param("250000 100000", 2, id="two-and-a-half"),
        pytest.param("50000 100000", 1, id="half"),
        pytest.param("800000 100000", 4, id="more-than-affinity"),
    ],
)
def test_a_processor_quota_rounds_down_to_whole_cores(tmp_path: Path, quota: str, cores: int) -> None:
    assert probed(tmp_path, {**V2, f"{BOX}/cpu.max": f"{quota}\n"}).cpu.cores == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", 4), ("150000", 1), ("300000", 3)])
def test_a_v1_quota_counts(tmp_path: Path, quota: str, cores: int) -> None:
    folder = "sys/fs/cgroup/cpu/jobs/one"
    files = {**V1, f"{folder}/cpu.cfs_quota_us": f"{quota}\n", f"{folder}/cpu.cfs_period_us": "100000\n"}
    assert probed(tmp_path, files).cpu.cores == cores


def test_affinity_limits_the_cores(tmp_path: Path) -> None:
    assert probed(tmp_path, {}, affinity=1).cpu.cores == 1


def test_an_arm_board_is_named_by_its_device_tree(tmp_path: Path) -> None:
    tree(tmp_path, {"proc/meminfo": MEMINFO, "sys/firmware/devicetree/base/model": "Raspberry Pi 5 Model B\0"})
    found = host.probe(tmp_path, system="linux", architecture="aarch64", affinity=4)
    assert (found.cpu.model, found.cpu.physical_cores) == ("Raspberry Pi 5 Model B", None)


def test_an_empty_system_still_gives_an_answer(tmp_path: Path) -> None:
    found = host.probe(tmp_path, system="linux", architecture="riscv64", affinity=1)
    assert found.cpu.model == "unnamed riscv64"
    assert found.notes == ("The amount of RAM is unknown: /proc/meminfo could not be read.",)


def test_this_machine_has_memory_and_cores() -> None:
    found = host.probe()
    assert found.cpu.cores >= 1
    assert 0 < found.memory.available_bytes <= found.memory.total_bytes


def test_free_disk_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    disk = host.free_disk(tmp_path / "not" / "made" / "yet")
    assert disk is not None
    assert disk.path == str(tmp_path / "not" / "made" / "yet")
    assert disk.free_bytes > 0
