"""How many threads an engine gets, on processors as Linux and macOS describe them."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.engine.local.threads import engine_threads
from r1plan.hardware.machine import Cpu


def cpu(cores: int, physical: int | None = None) -> Cpu:
    return Cpu(model="made up", cores=cores, physical_cores=physical, architecture="x86_64")


def kernel(
    root: Path, siblings: dict[int, str], fast: str | None = None, *, name: str = "thread_siblings_list"
) -> Path:
    for number, text in siblings.items():
        folder = root / f"sys/devices/system/cpu/cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / name).write_text(f"{text}\n")
    if fast is not None:
        (root / "sys/devices/cpu_core").mkdir(parents=True)
        (root / "sys/devices/cpu_core/cpus").write_text(f"{fast}\n")
    return root


PAIRS = {number: f"{number % 4},{number % 4 + 4}" for number in range(8)}
BESIDE = {number: f"{number // 2 * 2}-{number // 2 * 2 + 1}" for number in range(8)}
# Two fast cores of two threads, and four slow ones.
HYBRID = {0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3", 4: "4", 5: "5", 6: "6", 7: "7"}


@pytest.mark.parametrize(
    ("siblings", "fast", "allowed", "cores", "threads"),
    [
        pytest.param(PAIRS, None, range(8), 8, 4, id="two-threads-a-core"),
        pytest.param(BESIDE, None, range(8), 8, 4, id="threads-beside-each-other"),
        pytest.param({n: str(n) for n in range(4)}, None, range(4), 4, 4, id="one-thread-a-core"),
        pytest.param(PAIRS, None, [0, 4], 2, 1, id="both-threads-of-one-core-allowed"),
        pytest.param(PAIRS, None, [0, 1, 2], 3, 3, id="one-thread-of-each-allowed"),
        pytest.param(PAIRS, None, range(8), 2, 2, id="a-quota-of-two"),
        pytest.param(PAIRS, None, range(8), 1, 1, id="a-quota-of-one"),
        pytest.param(HYBRID, "0-3", range(8), 8, 2, id="hybrid-takes-the-fast"),
        pytest.param(HYBRID, "0-3", [4, 5, 6], 3, 3, id="hybrid-with-the-slow-alone-allowed"),
        pytest.param(HYBRID, "0-1,2-3", range(8), 8, 2, id="hybrid-listed-in-parts"),
        pytest.param(HYBRID, "nonsense", range(8), 8, 6, id="a-list-that-says-nothing"),
    ],
)
def test_on_linux_a_thread_for_each_whole_core_that_is_allowed(
    tmp_path: Path, siblings: dict[int, str], fast: str | None, allowed: range | list[int], cores: int, threads: int
) -> None:
    root = kernel(tmp_path, siblings, fast)
    assert engine_threads(cpu(cores), root, allowed=allowed, system="linux") == threads


def test_the_newer_name_of_the_list_is_read_too(tmp_path: Path) -> None:
    root = kernel(tmp_path, PAIRS, name="core_cpus_list")
    assert engine_threads(cpu(8), root, allowed=range(8), system="linux") == 4


@pytest.mark.parametrize(
    ("found", "threads"),
    [(cpu(16, 8), 8), (cpu(16), 16), (cpu(4, 8), 4), (cpu(1, 1), 1)],
    ids=["physical", "not-known", "fewer-allowed", "one"],
)
def test_where_the_kernel_says_nothing_the_physical_cores_count(tmp_path: Path, found: Cpu, threads: int) -> None:
    assert engine_threads(found, tmp_path, allowed=range(found.cores), system="linux") == threads


@pytest.mark.parametrize(("said", "threads"), [("12\n", 12), ("", 16), (None, 16), ("64\n", 16), ("nonsense", 16)])
def test_a_mac_uses_its_fast_cores(tmp_path: Path, said: str | None, threads: int) -> None:
    assert engine_threads(cpu(16, 16), tmp_path, system="darwin", runner=lambda _: said) == threads


def test_on_another_system_physical_cores_count(tmp_path: Path) -> None:
    assert engine_threads(cpu(16, 8), tmp_path, system="win32") == 8
