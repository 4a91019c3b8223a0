"""The machine that options describe is what they say, and the same on every computer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.errors import NotFound, UsageError
from r1plan.hardware.machine import Machine
from r1plan.hardware.stored import document, parse
from r1plan.units import GIB

DESCRIBED: dict[str, dict[str, Any]] = {
    "a card": {"gpu": ["rtx-4090"]},
    "cards and all else": {"gpu": ["rtx-3090:2"], "ram": 128, "ram_bandwidth": 80, "cores": 16, "vram_used": 1},
    "a chip": {"gpu": ["m3-max-40c"], "ram": 64},
    "a box": {"gpu": ["strix-halo"], "vram": 128},
    "graphics inside a processor": {"gpu": ["radeon-780m"], "ram": 64, "ram_bandwidth": 89.6},
    "cards without names": {"vram": [24, 12], "bandwidth": [936, 360], "vendor": "nvidia"},
    "one memory without a name": {"unified": 128, "bandwidth": 256, "vendor": "amd"},
    "a processor": {"cpu": "2x EPYC 9654", "ram": 768},
    "a processor alone": {"cpu": "7950x"},
    "a processor's memory": {"cpu": "ddr5-6400-12ch", "cores": 96},
    "a card and a processor": {"gpu": ["rtx-3090"], "cpu": "EPYC 7302", "ram": 256},
    "no card": {"cpu_only": True, "ram": 512, "ram_bandwidth": 460},
    "no card and cores": {"cpu_only": True, "ram": 512, "cores": 64},
    "a disk": {"gpu": ["rtx-4090"], "disk_bandwidth": 7},
}
_PRINT = """
import json, sys
looked = []
def look(event, arguments):
    if event == "open" and str(arguments[0]).startswith(("/proc/", "/sys/")) and "/task/" not in str(arguments[0]):
        looked.append(str(arguments[0]))
    if event == "subprocess.Popen":
        looked.append(str(arguments[0]))
from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.stored import document
import psutil  # what it reads as it is imported is not of a machine that is described
sys.addaudithook(look)
for options in json.load(sys.stdin):
    print(json.dumps(document(machine_from_options(**options)), sort_keys=True))
print(looked)
"""


def printed(*before: str) -> list[str]:
    done = subprocess.run(
        [*before, sys.executable, "-c", _PRINT],
        input=json.dumps(list(DESCRIBED.values())),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()


def test_a_described_machine_takes_nothing_from_the_computer_that_it_is_described_on() -> None:
    *machines, looked = printed()
    assert looked == "[]"
    assert len(machines) == len(DESCRIBED)
    one = sorted(os.sched_getaffinity(0))[0]
    assert printed("taskset", "-c", str(one))[:-1] == machines


def test_a_plan_for_a_described_machine_is_the_same_on_one_core() -> None:
    words = [sys.executable, "-m", "r1plan", "recommend", "--cpu-only", "--ram", "512", "--ram-bandwidth", "460"]
    words += ["--model", "DeepSeek-R1", "--quant", "Q4_K_M", "--json"]
    one = str(sorted(os.sched_getaffinity(0))[0])
    whole, bound = (
        subprocess.run([*before, *words], capture_output=True, check=False, timeout=60)
        for before in ((), ("taskset", "-c", one))
    )
    assert json.loads(whole.stdout)["machine"]["cpu"]["cores"] == 16
    assert bound.stdout == whole.stdout


@pytest.mark.parametrize("options", DESCRIBED.values(), ids=DESCRIBED.keys())
def test_a_described_machine_has_no_disk_and_is_read_back_equal(options: dict[str, Any]) -> None:
    machine = machine_from_options(**options)
    assert (machine.origin, machine.disk) == ("described", None)
    assert parse(json.dumps(document(machine)), "box.json") == machine
    assert len({each.what for each in machine.assumptions}) == len(machine.assumptions)
    for each in machine.assumptions:
        assert (each.option is None) == (each.what == "graphics-share")


def seen(**options: Any) -> Machine:
    return machine_from_options(**options)


@pytest.mark.parametrize(
    ("options", "cores", "gb_s", "ram_gib"),
    [
        pytest.param({"cpu_only": True, "ram": 512, "ram_bandwidth": 460}, 16, 460, 512, id="a server by its memory"),
        pytest.param({"cpu_only": True, "ram": 64}, 8, 51.2, 64, id="a desktop"),
        pytest.param({"cpu_only": True, "ram": 64, "cores": 24}, 24, 51.2, 64, id="cores"),
        pytest.param({"cpu": "EPYC 9654"}, 96, 460.8, 192, id="a server by its processor"),
        pytest.param({"cpu": "2x EPYC 9654"}, 192, 460.8, 384, id="two sockets, one's bandwidth"),
        pytest.param({"cpu": "2x EPYC 9654", "ram": 768, "cores": 32}, 32, 460.8, 768, id="of which some cores"),
        pytest.param({"cpu": "i7-13700K", "ram": 64}, 16, 89.6, 64, id="a desktop by its processor"),
        pytest.param({"cpu": "N100"}, 4, 38.4, 16, id="a small box"),
        pytest.param({"cpu": "DDR5-6400-12ch", "ram": 768}, 16, 614.4, 768, id="memory by its layout"),
        pytest.param({"cpu": "EPYC 9654", "ram_bandwidth": 300}, 96, 300, 192, id="a bandwidth that was measured"),
        pytest.param({"gpu": ["rtx-3090"], "cpu": "EPYC 7302", "ram": 256}, 16, 204.8, 256, id="beside a card"),
    ],
)
def test_processor_and_memory_are_what_was_said(
    options: dict[str, Any], cores: int, gb_s: float, ram_gib: float
) -> None:
    machine = seen(**options)
    assert machine.cpu.cores == cores
    assert machine.memory.bandwidth_gb_s == pytest.approx(gb_s)
    assert machine.memory.total_bytes == ram_gib * GIB


def test_a_processor_says_which_instructions_it_has() -> None:
    told = {name: seen(cpu=name).cpu for name in ("8480+", "EPYC 9654", "5950x")}
    assert [(each.avx512, each.amx) for each in told.values()] == [(True, True), (True, False), (False, False)]


def test_a_chip_of_apples_given_as_a_processor_is_the_machine() -> None:
    assert seen(cpu="m3-max-40c").gpus == seen(gpu=["m3-max-40c"]).gpus


@pytest.mark.parametrize("size", [{"ram": 64}, {"unified": 64}, {"vram": 64}, {"ram": 64, "unified": 64, "vram": 64}])
def test_the_one_memory_of_a_chip_is_said_by_any_option(size: dict[str, Any]) -> None:
    assert seen(gpu=["m3-max-40c"], **size) == seen(gpu=["m3-max-40c"], ram=64)


def test_cards_and_bandwidths_are_paired_in_their_order() -> None:
    def pairs(**options: Any) -> list[tuple[int, float | None]]:
        return [(round(each.total_bytes / GIB), each.bandwidth_gb_s) for each in seen(**options).gpus]

    assert pairs(vram=[24, 12], bandwidth=[936, 360]) == [(24, 936), (12, 360)]
    assert pairs(vram=[24, 12], bandwidth=[936]) == [(24, 936), (12, 936)]
    assert pairs(vram=[24, 12]) == [(24, None), (12, None)]
    assert pairs(vram=24, bandwidth=936) == [(24, 936)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param({"gpu": ["rtx-4090"], "vram": 48}, "--gpu and --vram", id="another size than the card's"),
        pytest.param({"gpu": ["rtx-4090"], "vram": [24, 12]}, "--gpu and --vram", id="one of two sizes"),
        pytest.param({"gpu": ["m3-max-40c"], "vram": 24}, "24 GiB: Apple M3 Max", id="a size that is not sold"),
        pytest.param({"gpu": ["m3-max-40c"], "ram": 48, "vram": 64}, "--vram and --ram", id="two sizes of a chip"),
        pytest.param({"gpu": ["m3-max-40c"], "ram": 48, "unified": 64}, "--unified and --ram", id="two memories"),
        pytest.param({"gpu": ["rtx-4090"], "unified": 64}, "--gpu and --unified", id="a card in one memory"),
        pytest.param({"gpu": ["rtx-4090"], "vendor": "amd"}, "--gpu and --vendor", id="a card of another maker"),
        pytest.param({"gpu": ["rtx-4090"], "cpu_only": True, "ram": 64}, "--cpu-only and --gpu", id="no card but one"),
        pytest.param({"gpu": ["gb10"], "cpu": "EPYC 9654"}, "--cpu and --gpu", id="another processor in a box"),
        pytest.param({"gpu": ["gb10"], "bandwidth": 200, "ram_bandwidth": 300}, "--bandwidth and", id="two bandwidths"),
        pytest.param({"unified": 64, "vram": 24}, "--unified and --vram", id="one memory and a card's"),
        pytest.param({"unified": 64, "ram": 24}, "--unified and --ram", id="one memory and another"),
        pytest.param({"unified": 64, "bandwidth": [1e2, 2e2]}, "--unified and", id="one memory, two speeds"),
        pytest.param({"unified": 64, "cpu_only": True}, "--cpu-only and --unified", id="graphics left out"),
        pytest.param({"vram": 24, "bandwidth": [936, 360]}, "--bandwidth twice", id="more bandwidths than cards"),
        pytest.param({"vram": [24, 8, 8], "bandwidth": [936, 360]}, "--vram is given 3 times", id="two of three"),
        pytest.param({"vendor": "amd"}, "--vendor needs --vram or --unified", id="a maker of nothing"),
        pytest.param({"cpu_only": True, "vram_used": 1}, "--cpu-only and --vram-used", id="use of no card"),
        pytest.param({"machine": Path("x"), "cores": 4}, "--machine and --cores", id="a file and cores"),
        pytest.param({"machine": Path("x"), "cpu": "7950x"}, "--machine and --cpu", id="a file and a processor"),
        pytest.param({"machine": Path("x"), "vram_used": 0}, "--machine and --vram-used", id="a file and a use"),
        pytest.param({"cpu": "EPYC"}, "'EPYC' is a family", id="a family of processors"),
        pytest.param({"vram": 24576}, "--vram 24576", id="a size in MiB"),
        pytest.param({"vram": [24, 24576]}, "--vram 24576", id="the second size in MiB"),
        pytest.param({"cores": 0}, "--cores 0", id="no cores"),
    ],
)
def test_what_cannot_be_meant_together_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        seen(**options)
    assert told in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("options", [{"cpu": "Apple M2 Ultra 9"}, {"cpu": "m3-max-40c", "gpu": ["rtx-4090"]}])
def test_a_processor_that_nobody_knows_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        seen(**options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ram": 64}, "64 GiB of RAM"),
        ({"cores": 1}, "1 core"),
        ({"cores": 3, "cpu_only": True}, "3 cores"),
        ({"ram_bandwidth": 80, "cpu_only": True}, "80 GB/s of it"),
    ],
)
def test_what_describes_no_machine_changes_this_one_and_that_is_said(options: dict[str, Any], told: str) -> None:
    here, machine = machine_from_options(), seen(**options)
    assert (machine.origin, machine.cpu.model) == ("detected", here.cpu.model)
    assert machine.notes[0].startswith(f"This machine is meant, with {told}; ")


@pytest.mark.parametrize(
    ("name", "cores"),
    [
        ("strix halo 128gb", 16),
        ("Ryzen AI Max+ 395", 16),
        ("gb10", 20),
        ("jetson agx orin 64gb", 12),
        ("m3 pro 14 core", 11),
        ("m4 max 40 core", 16),
        ("Ryzen 5 7640U", 6),
        ("mi300a", 24),
    ],
)
def test_a_chip_that_is_known_brings_its_processors_cores(name: str, cores: int) -> None:
    machine = machine_from_options(gpu=[name])
    assert machine.cpu.cores == cores
    assert "cores" not in [each.what for each in machine.assumptions]
    assert machine_from_options(gpu=[name], cores=7).cpu.cores == 7


def test_cores_that_nobody_knows_are_assumed() -> None:
    machine = machine_from_options(gpu=["n1x"])
    assert ("cores", 8) in [(each.what, each.figure) for each in machine.assumptions]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        pytest.param({"gpu": ["macbook 18gb"]}, r"did you mean M3 Pro \(18 GB\)\? .*--unified GIB", id="a Mac"),
        pytest.param(
            {"gpu": ["macbook"], "unified": 18}, r"did you mean M3 Pro \(18 GB\)\? .*--unified GIB", id="apart"
        ),
        pytest.param({"gpu": ["macbook pro"]}, "About This Mac names the chip: .*--unified GIB", id="no size"),
        pytest.param({"gpu": ["macbook 19gb"]}, "About This Mac names the chip: .*--unified GIB", id="no Mac's size"),
        pytest.param({"gpu": ["mac studio 512gb"]}, r"M3 Ultra or M5 Ultra \(512 GB\)", id="several"),
        pytest.param(
            {"gpu": ["macbook pro m3 18 gb"]}, r"M3 Pro \(18 GB\)\? m3-10c has .*--unified 18", id="a sibling"
        ),
        pytest.param(
            {"gpu": ["m4"], "unified": 18}, r"M3 Pro \(18 GB\)\? It has 16, 24 or 32 GiB; --unified 18", id="m4"
        ),
        pytest.param(
            {"gpu": ["m4"], "ram": 19}, "^it has 16, 24 or 32 GiB; --unified 19 --bandwidth 120", id="nobody's"
        ),
        pytest.param({"gpu": ["strix halo"], "ram": 48}, "^it has 32, 64, 96 or 128 GiB; --unified 48 ", id="a box"),
        pytest.param({"gpu": ["strix halo 48gb"]}, "--unified 48 --bandwidth 256 describes", id="a box's name"),
    ],
)
def test_a_size_that_a_chip_is_not_sold_with_leads_to_those_that_are(options: dict[str, Any], hint: str) -> None:
    with pytest.raises((UsageError, NotFound)) as raised:
        machine_from_options(**options)
    assert re.search(hint, raised.value.hint or ""), raised.value.hint
    assert "--vram" not in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("name", "ram", "profile"),
    [("m3 max", 48, "m3-max-40c"), ("agx orin", 32, "jetson-agx-orin-32gb"), ("m3 max", 36, "m3-max-30c")],
)
def test_the_size_that_is_said_beside_a_name_chooses_among_its_rows(name: str, ram: float, profile: str) -> None:
    machine = machine_from_options(gpu=[name], ram=ram)
    assert machine.gpus[0].profile == profile
    assert "unified" not in [each.what for each in machine.assumptions]


@pytest.mark.parametrize(
    ("name", "profile", "others"),
    [
        ("jetson orin", "jetson-orin-nano-8gb", "jetson-agx-orin-64gb"),
        ("orin", "jetson-orin-nano-8gb", "jetson-agx-orin-64gb"),
        ("agx orin", "jetson-agx-orin-64gb", "jetson-agx-orin-32gb"),
    ],
)
def test_a_jetson_without_its_size_is_the_usual_small_one_and_says_the_others(
    name: str, profile: str, others: str
) -> None:
    machine = machine_from_options(gpu=[name])
    assert machine.gpus[0].profile == profile
    assert f"is taken as {profile}" in machine.notes[0]
    assert others in machine.notes[0]
