from __future__ import annotations

import pytest

from r1plan.catalog.hardware import CpuSheet
from r1plan.catalog.load import load_cpus, load_hardware
from r1plan.hardware import bandwidth
from r1plan.hardware.amd import _STRIX_HALO_GB_S
from r1plan.hardware.bandwidth import SERVER_CORES, assumed_layout, assumed_rate


@pytest.mark.parametrize(
    ("cpu", "cores", "row"),
    [
        pytest.param("AMD EPYC", 64, "ddr4-3200-2ch", id="a virtual machine's EPYC"),
        pytest.param("Intel Xeon Processor (SapphireRapids)", 64, "ddr4-3200-2ch", id="a virtual machine's Xeon"),
        pytest.param("AMD EPYC 9654 96-Core Processor", 192, "ddr5-4800-12ch", id="Genoa"),
        pytest.param("AMD EPYC 9B45 128-Core Processor", 256, "ddr5-6000-12ch", id="Turin"),
        pytest.param("AMD EPYC 7763 64-Core Processor", 128, "ddr4-3200-8ch", id="Milan"),
        pytest.param("AMD EPYC 7763 64-Core Processor", SERVER_CORES, "ddr4-3200-8ch", id="Milan, just enough cores"),
        pytest.param("AMD EPYC 7763 64-Core Processor", SERVER_CORES - 1, "ddr4-3200-2ch", id="Milan, a core too few"),
        pytest.param("Intel(R) Xeon(R) Platinum 8480C", 112, "ddr5-4800-8ch", id="Sapphire Rapids"),
        pytest.param("INTEL(R) XEON(R) PLATINUM 8568Y+", 96, "ddr4-3200-2ch", id="an unusual spelling"),
        pytest.param("Intel(R) Xeon(R) Gold 6548Y+", 64, "ddr5-5600-8ch", id="Emerald Rapids"),
        pytest.param("Intel(R) Xeon(R) 6980P", 256, "ddr5-6400-12ch", id="Granite Rapids"),
        pytest.param("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 56, "ddr4-3200-2ch", id="an old Xeon"),
        pytest.param("AMD Ryzen Threadripper PRO 7965WX 24-Cores", 48, "ddr5-5200-8ch", id="Threadripper PRO 7000"),
        pytest.param("AMD Ryzen Threadripper PRO 5975WX 32-Cores", 64, "ddr4-3200-8ch", id="Threadripper PRO 5000"),
        pytest.param("AMD RYZEN AI MAX+ 395 w/ Radeon 8060S", 32, "lpddr5x-8000-256bit", id="Strix Halo"),
        pytest.param("Intel(R) Core(TM) Ultra 7 258V", 8, "lpddr5x-8533-128bit", id="Lunar Lake"),
        pytest.param("AMD Ryzen 9 7950X 16-Core Processor", 32, "ddr5-4800-2ch", id="AM5"),
        pytest.param("AMD Ryzen 9 5950X 16-Core Processor", 32, "ddr4-3200-2ch", id="AM4"),
        pytest.param("12th Gen Intel(R) Core(TM) i9-12900K", 24, "ddr4-3200-2ch", id="either memory, the slower"),
        pytest.param("", 1, "ddr4-3200-2ch", id="no name"),
    ],
)
def test_the_processors_name_says_which_memory_to_assume(cpu: str, cores: int, row: str) -> None:
    assert assumed_layout(cpu, cores).row == row


def test_every_layout_is_the_catalogues() -> None:
    rows = load_hardware().cpu_memory
    layouts = [layout for _, layout in bandwidth._SERVERS + bandwidth._CLIENTS] + [bandwidth.DESKTOP]
    for layout in layouts:
        assert layout.gb_s == pytest.approx(rows[layout.row].bandwidth_gb_s, abs=0.1)
    assert rows["lpddr5x-8000-256bit"].bandwidth_gb_s == _STRIX_HALO_GB_S


@pytest.mark.parametrize(
    ("cpu", "cores", "gb_s"),
    [
        pytest.param("AMD Ryzen 9 7950X 16-Core Processor", 32, 76.8, id="the layouts go first"),
        pytest.param("AMD Ryzen Threadripper 7970X 32-Cores", 64, 166.4, id="four channels"),
        pytest.param("AMD Ryzen Threadripper 7970X 32-Cores", SERVER_CORES - 1, 51.2, id="a part of it"),
        pytest.param("INTEL(R) XEON(R) PLATINUM 8568Y+", 96, 358.4, id="in capitals"),
        pytest.param("12th Gen Intel(R) Core(TM) i9-12900K", 24, 51.2, id="either memory, the slower"),
        pytest.param("Intel(R) N100", 4, 25.6, id="one channel"),
        pytest.param("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 56, 51.2, id="not in the table"),
        pytest.param("AMD Ryzen 5 3600 6-Core Processor", 12, 51.2, id="a family that is not in the table"),
    ],
)
def test_a_processor_of_the_catalogue_says_which_memory_to_assume(cpu: str, cores: int, gb_s: float) -> None:
    assert assumed_rate(cpu, cores, load_cpus)[0] == pytest.approx(gb_s)


@pytest.mark.parametrize("cpu", ["AMD EPYC", "Intel(R) Xeon(R) Processor", "", "AMD EPYC 9654 96-Core Processor"])
def test_the_table_is_not_read_where_the_name_cannot_be_in_it_or_is_known(cpu: str) -> None:
    def unread() -> dict[str, CpuSheet]:
        raise AssertionError("read")

    assert assumed_rate(cpu, 192, unread)[0] > 0
