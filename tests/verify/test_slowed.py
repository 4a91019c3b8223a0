"""What slowed a machine down between two looks, from recorded counters."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from r1plan.verify.slowed import HostLook, cards_slowed_by, host_look, others_worked, own_bytes, swapped
from tests.machines.replay import tree


def look(at_s: float = 0, swapped_pages: int | None = 0, busy_s: float | None = 0, own_s: float = 0) -> HostLook:
    return HostLook(at_s, swapped_pages, busy_s, own_s)


@pytest.mark.parametrize(
    ("pages", "is_swapping"),
    [(0, False), (2_560, False), (2_561, True), (1 << 30, True), (-5, False), (None, False)],
)
def test_swapping_counts_from_ten_mib_on(pages: int | None, is_swapping: bool) -> None:
    assert swapped(look(), look(swapped_pages=pages)) is is_swapping


@pytest.mark.parametrize(
    ("busy_s", "own_s", "others"),
    [
        pytest.param(80, 80, False, id="all is ours"),
        pytest.param(88, 80, False, id="a tenth is not seen"),
        pytest.param(89, 80, True, id="more is"),
        pytest.param(80, 0, True, id="all is theirs"),
        pytest.param(0, 80, False, id="counters of another space"),
        pytest.param(None, 80, False, id="not told"),
    ],
)
def test_others_work_counts_from_a_tenth_of_the_cores_on(busy_s: float | None, own_s: float, others: bool) -> None:
    assert others_worked(look(), look(at_s=10, busy_s=busy_s, own_s=own_s), cores=8) is others


def test_the_counters_are_read_from_the_kernel(tmp_path: Path) -> None:
    files = {
        "proc/vmstat": "nr_free_pages 12\npswpin 100\npswpout 23\n",
        "proc/stat": "cpu  1000 200 300 9999 50 10 20 30 5 6\ncpu0 1 2 3 4\n",
        "proc/self/status": "Name:\tpython\nRssAnon:\t  2048 kB\nRssFile:\t 99 kB\n",
    }
    found = host_look(lambda: 7.0, tree(tmp_path, files))
    assert (found.at_s, found.swapped_pages) == (7.0, 123)
    assert found.busy_s == pytest.approx(15.6, rel=0.01)
    assert own_bytes(tmp_path) == 2 << 20


@pytest.mark.parametrize("stat", ["", "cpu", "cpu a b c d", "intr 5 5 5 5 5", "cpu  1 2 3 4"])
def test_what_the_kernel_does_not_tell_is_left_out(tmp_path: Path, stat: str) -> None:
    found = host_look(lambda: 0.0, tree(tmp_path, {"proc/stat": stat}))
    assert found.swapped_pages is None
    assert found.busy_s is None or found.busy_s >= 0
    assert own_bytes(tmp_path) is None


class Nvml(SimpleNamespace):
    """NVML with the reasons of each card."""

    class NVMLError(Exception):
        """What pynvml raises."""


def nvml(*masks: int, name: str = "nvmlDeviceGetCurrentClocksEventReasons") -> Nvml:
    found = Nvml(nvmlInit=lambda: None, nvmlDeviceGetCount=lambda: len(masks), nvmlDeviceGetHandleByIndex=lambda n: n)
    setattr(found, name, lambda handle: masks[handle])
    return found


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        ((0x0,), set()),
        ((0x1,), set()),  # idle
        ((0x4,), {"power-limit"}),
        ((0x20,), {"thermal"}),
        ((0x40,), {"thermal"}),
        ((0x80,), {"power-brake"}),
        ((0x1, 0x4 | 0x40), {"power-limit", "thermal"}),
        ((), set()),
    ],
)
def test_why_a_card_holds_back(masks: tuple[int, ...], expected: set[str]) -> None:
    assert cards_slowed_by(nvml(*masks)) == expected


def test_an_older_library_has_the_older_name() -> None:
    assert cards_slowed_by(nvml(0x40, name="nvmlDeviceGetCurrentClocksThrottleReasons")) == {"thermal"}


def test_a_card_that_does_not_say_holds_back_for_nothing() -> None:
    def refuses(_handle: int) -> int:
        raise Nvml.NVMLError

    found = nvml(0)
    found.nvmlDeviceGetCurrentClocksEventReasons = refuses
    assert cards_slowed_by(found) == set()
    assert cards_slowed_by(None) == set()
