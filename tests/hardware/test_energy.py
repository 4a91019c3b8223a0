"""The electricity of a request, from counters replayed: NVML's as of recorded cards, RAPL's as files of /sys."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.hardware.energy import Energy, Reading, between, meter
from tests.machines.replay import NVMLError


class Counters:
    """Cards that answer with the next of the given values; None is "not supported"."""

    NVMLError = NVMLError

    def __init__(self, *cards: list[int | None], limit_mw: int | None = 450_000, starts: bool = True) -> None:
        self.cards, self.limit_mw, self.starts = cards, limit_mw, starts

    def nvmlInit(self) -> None:  # noqa: N802
        if not self.starts:
            raise NVMLError(9)

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, number: int) -> int:  # noqa: N802
        return number

    def nvmlDeviceGetTotalEnergyConsumption(self, card: int) -> int:  # noqa: N802
        return _known(self.cards[card].pop(0))

    def nvmlDeviceGetEnforcedPowerLimit(self, card: int) -> int:  # noqa: N802
        return _known(self.limit_mw)


def _known(value: int | None) -> int:
    if value is None:
        raise NVMLError(3)
    return value


def sys_tree(root: Path, **used: int) -> Path:
    names = {
        "package": ("intel-rapl:0", "package-0"),
        "core": ("intel-rapl:0:0", "core"),
        "dram": ("intel-rapl:0:1", "dram"),
        "psys": ("intel-rapl:1", "psys"),
    }
    for each, microjoules in used.items():
        domain, name = names[each]
        folder = root / "sys/class/powercap" / domain
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "energy_uj").write_text(f"{microjoules}\n")
        (folder / "max_energy_range_uj").write_text("262143328850\n")
    return root


def measured(nvml: Any, root: Path, later: Mapping[str, int] | None = None, seconds: float = 10.0) -> Energy | None:
    stop = meter(nvml, root, iter((0.0, seconds)).__next__)()
    if later:
        sys_tree(root, **later)
    return stop()


def test_every_cards_counter_is_added_up(tmp_path: Path) -> None:
    cards = Counters([1_000_000, 4_600_000], [500, 3_600_500])
    assert measured(cards, tmp_path) == Energy(Decimal(2), "nvml")


def test_the_processor_and_its_memory_are_added_and_parts_are_not_counted_twice(tmp_path: Path) -> None:
    sys_tree(tmp_path, package=5, dram=7, core=1, psys=2)
    later = {"package": 5 + 3_600_000_000, "dram": 7 + 1_800_000_000, "core": 10**9, "psys": 10**10}
    assert measured(None, tmp_path, later) == Energy(Decimal("1.5"), "rapl")


def test_cards_and_processor_count_together(tmp_path: Path) -> None:
    sys_tree(tmp_path, package=0)
    found = measured(Counters([0, 3_600_000]), tmp_path, {"package": 3_600_000_000})
    assert found == Energy(Decimal(2), "nvml+rapl")


def test_a_counter_that_starts_again_is_followed(tmp_path: Path) -> None:
    sys_tree(tmp_path, package=262_143_328_850 - 1_800_000_000)
    assert measured(None, tmp_path, {"package": 1_800_000_000}) == Energy(Decimal(1), "rapl")


def test_a_card_without_a_counter_is_taken_at_its_limit_and_marked_so(tmp_path: Path) -> None:
    found = measured(Counters([None, None], limit_mw=360_000), tmp_path, seconds=10)
    assert found == Energy(Decimal(1), "power_limit")
    assert found.provenance == "estimated"


@pytest.mark.parametrize(
    "nvml",
    [None, Counters(), Counters([0, 1], starts=False), Counters([None, None], limit_mw=None), Counters([9, 3])],
    ids=["no library", "no card", "no driver", "nothing told", "the driver was loaded anew"],
)
def test_what_cannot_be_read_is_not_known(nvml: Any, tmp_path: Path) -> None:
    assert measured(nvml, tmp_path) is None


def test_a_file_that_only_root_may_read_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "sys/class/powercap/intel-rapl:0").mkdir(parents=True)
    (tmp_path / "sys/class/powercap/intel-rapl:0/name").write_text("package-0")
    assert measured(None, tmp_path) is None


def test_a_device_that_was_read_only_once_is_not_known() -> None:
    once = Reading(0.0, {"gpu0": 5}, {}, {}, {})
    twice = Reading(1.0, {"gpu0": 9, "gpu1": 4}, {}, {}, {})
    assert between(once, twice) is None
