"""Processors are found by any name that a person, a shop or a system gives them, and never by another's."""

from __future__ import annotations

import pytest

from r1plan.catalog.load import load_cpus
from r1plan.catalog.match_cpu import find_cpu, sockets_and_name
from r1plan.errors import NotFound, UsageError

CPUS = load_cpus()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        # as people type them
        *(("EPYC 9655", "EPYC 9655"), ("epyc 9655p", "EPYC 9655P"), ("9654", "EPYC 9654"), ("epyc 7f52", "EPYC 7F52")),
        *(("Ryzen 9 7950X", "Ryzen 9 7950X"), ("7950x", "Ryzen 9 7950X"), ("r9 7950x", "Ryzen 9 7950X")),
        *(("9950x3d", "Ryzen 9 9950X3D"), ("ryzen 5600", "Ryzen 5 5600"), ("8700g", "Ryzen 7 8700G")),
        *(("i7-13700K", "Core i7-13700K"), ("13900k", "Core i9-13900K"), ("i5 13400F", "Core i5-13400F")),
        *(("14900kf", "Core i9-14900K"), ("Ultra 9 285K", "Core Ultra 9 285K"), ("N100", "Processor N100")),
        *(("threadripper 7970x", "Ryzen Threadripper 7970X"), ("TR 7980X", "Ryzen Threadripper 7980X")),
        *(("Xeon Gold 6548Y+", "Xeon Gold 6548Y+"), ("8480+", "Xeon Platinum 8480+"), ("8592", "Xeon Platinum 8592+")),
        *(("xeon 6138", "Xeon Gold 6138"), ("Xeon 6 6980P", "Xeon 6980P"), ("w9-3495x", "Xeon w9-3495X")),
        *(("Xeon Max 9480", "Xeon CPU Max 9480"), ("Graviton4", "AWS Graviton4"), ("Q80-30", "Ampere Altra Q80-30")),
        *(("Ryzen AI Max 395", "Ryzen AI Max+ 395"), ("Ryzen AI Max+ PRO 395", "Ryzen AI Max+ PRO 395")),
        *(("EPYC 7763 Milan", "EPYC 7763"), ("EPYC 9654 96 cores 2.4GHz", "EPYC 9654"), ("cpu-epyc-9655", "EPYC 9655")),
        # as systems print them
        ("13th Gen Intel(R) Core(TM) i7-13700K", "Core i7-13700K"),
        ("Intel(R) Xeon(R) Platinum 8480+", "Xeon Platinum 8480+"),
        ("Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", "Xeon Gold 6130"),
        ("Intel(R) Xeon(R) CPU Max 9480", "Xeon CPU Max 9480"),
        ("Intel(R) Xeon(R) W-2295 CPU @ 3.00GHz", "Xeon W-2295"),
        ("Intel(R) Core(TM) Ultra 7 155H", "Core Ultra 7 155H"),
        ("INTEL(R) XEON(R) PLATINUM 8592+", "Xeon Platinum 8592+"),
        ("AMD EPYC 7763 64-Core Processor", "EPYC 7763"),
        ("AMD Ryzen Threadripper PRO 5995WX 64-Cores", "Ryzen Threadripper PRO 5995WX"),
        ("AMD Ryzen 7 7840HS w/ Radeon 780M Graphics", "Ryzen 7 7840HS"),
        ("AMD Ryzen 9 7945HX with Radeon Graphics", "Ryzen 9 7945HX"),
        ("AMD Ryzen AI 9 HX 370 w/ Radeon 890M", "Ryzen AI 9 HX 370"),
        ("AMD RYZEN AI MAX+ 395 w/ Radeon 8060S", "Ryzen AI Max+ 395"),
        ("Snapdragon(R) X Elite - X1E78100 - Qualcomm(R) Oryon(TM) CPU", "Snapdragon X Elite X1E-78-100"),
    ],
)
def test_a_processor_is_found_by_any_of_its_names(name: str, meant: str) -> None:
    assert find_cpu(CPUS, name).name == meant


def test_each_row_is_found_by_its_own_name_and_by_its_aliases() -> None:
    for sheet in CPUS.values():
        for name in (sheet.name.upper(), *sheet.aliases, f"{sheet.vendor} {sheet.name}"):
            found = find_cpu(CPUS, name)
            assert (found.cores, found.bandwidth_gb_s) == (sheet.cores, sheet.bandwidth_gb_s), name


@pytest.mark.parametrize(
    ("name", "near"),
    [
        pytest.param("EPYC 9999", "EPYC ", id="no such model"),
        pytest.param("i7-1360U", "Core i7-13", id="a laptop's"),
        pytest.param("Ryzen 9 7960X", "Ryzen 9 7", id="another letter"),
        pytest.param("i7-1370K", "Core i7-", id="a digit left out"),
        pytest.param("threadripper 7990x", "Ryzen Threadripper ", id="one that was never sold"),
    ],
)
def test_an_unknown_model_is_answered_with_near_ones_of_its_family(name: str, near: str) -> None:
    with pytest.raises(NotFound) as raised:
        find_cpu(CPUS, name)
    assert raised.value.near
    assert all(each.startswith(near) for each in raised.value.near)
    assert "--cores N --ram-bandwidth GB/S" in (raised.value.hint or "")


@pytest.mark.parametrize(
    "name",
    [
        "i7-8650u",
        "i7-9700K",
        "Ryzen 5 3600",
        "i5-4590",
        "Ryzen 7 1700X",
        "Xeon E5-2680 v4",
        "foo",
        "QEMU Virtual CPU version 2.5+",
        "Neoverse-N1",
        "rtx 4090",
        "Apple M2 Ultra",
    ],
)
def test_what_is_of_no_family_or_generation_here_gets_no_near_names(name: str) -> None:
    with pytest.raises(NotFound) as raised:
        find_cpu(CPUS, name)
    assert raised.value.near == ()
    assert raised.value.hint == "--cores N --ram-bandwidth GB/S describe any."


@pytest.mark.parametrize("name", ["EPYC", "AMD EPYC Processor", "ryzen 7", "Xeon Gold", "", "AMD", "CPU"])
def test_a_family_is_no_model(name: str) -> None:
    with pytest.raises(UsageError):
        find_cpu(CPUS, name)


@pytest.mark.parametrize(
    ("text", "sockets", "name"),
    [
        *(("2x EPYC 9654", 2, "EPYC 9654"), ("2 x 8480+", 2, "8480+"), ("2×EPYC 9654", 2, "EPYC 9654")),
        *(("dual EPYC 7763", 2, "EPYC 7763"), ("EPYC 7763 x2", 2, "EPYC 7763"), ("4x Xeon 8490H", 4, "Xeon 8490H")),
        *(
            ("7950x", 1, "7950x"),
            ("Ryzen 9 7950X", 1, "Ryzen 9 7950X"),
            ("w9-3495x", 1, "w9-3495x"),
            (" n100 ", 1, "n100"),
        ),
    ],
)
def test_sockets_are_said_before_or_after_the_name(text: str, sockets: int, name: str) -> None:
    assert sockets_and_name(text) == (sockets, name)
