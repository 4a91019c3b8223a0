from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from r1plan.catalog.load import load_hardware
from r1plan.cli.options.machine import machine_from_options
from r1plan.errors import NotFound, UsageError
from r1plan.hardware.machine import Machine
from r1plan.hardware.names.cards import cards_of
from r1plan.hardware.stored import document, parse
from r1plan.units import GIB

HARDWARE = load_hardware()


def r1plan(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "r1plan", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_detect_answers_in_its_first_line() -> None:
    done = r1plan("detect")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.endswith(("core.", "cores."))
    assert "GiB" in first


def test_detect_puts_notes_on_stderr_and_none_into_the_answer() -> None:
    notes = json.loads(r1plan("detect", "--json").stdout)["notes"]
    done = r1plan("detect")
    assert done.stderr.splitlines() == notes
    assert not any(note in done.stdout for note in notes)


def test_detect_json_is_one_document_that_machine_reads(tmp_path: Path) -> None:
    done = r1plan("detect", "--json")
    assert done.stdout.startswith('{\n  "schema": "r1plan.machine/1"')
    (tmp_path / "box.json").write_text(done.stdout, encoding="utf-8")
    machine = machine_from_options(machine=tmp_path / "box.json")
    assert machine.origin == "file"
    assert {**document(machine), "origin": "detected"} == document(parse(done.stdout, "box.json"))


def test_detect_refuses_what_it_does_not_know() -> None:
    assert r1plan("detect", "--gpu", "rtx-4090").returncode == 2


def test_no_option_means_this_machine() -> None:
    machine = machine_from_options()
    assert machine.origin == "detected"
    assert machine.memory.total_bytes > 0


def test_cpu_only_leaves_cards_out(tmp_path: Path) -> None:
    described = machine_from_options(gpu=["rtx-4090"])
    path = tmp_path / "box.json"
    path.write_text(json.dumps(document(described)), encoding="utf-8")
    assert machine_from_options(machine=path).gpus
    assert machine_from_options(machine=path, cpu_only=True).gpus == ()
    assert machine_from_options(cpu_only=True).gpus == ()


def test_ram_alone_changes_this_machine() -> None:
    machine = machine_from_options(ram=64, ram_bandwidth=80)
    assert (machine.origin, machine.memory.total_bytes, machine.memory.bandwidth_gb_s) == ("detected", 64 * GIB, 80)
    assert machine.cpu == machine_from_options().cpu
    assert machine.notes[0].startswith("This machine is meant, with 64 GiB of RAM, 80 GB/s of it; ")


def named(*gpu: str) -> list[tuple[str, int]]:
    return [(card.sheet.id, card.count) for card in cards_of(list(gpu), HARDWARE)]


@pytest.mark.parametrize(
    ("gpu", "meant"),
    [
        pytest.param(["rtx-4090"], [("rtx-4090", 1)], id="an id"),
        pytest.param(["RTX 4090"], [("rtx-4090", 1)], id="a name"),
        pytest.param(["h100-sxm-80gb:8"], [("h100-sxm-80gb", 8)], id="eight"),
        pytest.param(["rtx-3090:2", "rtx-4090"], [("rtx-3090", 2), ("rtx-4090", 1)], id="two kinds"),
        pytest.param(["m3-max-40c"], [("m3-max-40c", 1)], id="a chip"),
        pytest.param(["M3-Max-40C:1"], [("m3-max-40c", 1)], id="a chip in capitals"),
    ],
)
def test_gpu_names_a_card_and_how_many(gpu: list[str], meant: list[tuple[str, int]]) -> None:
    assert named(*gpu) == meant


@pytest.mark.parametrize(
    ("gpu", "meant"),
    [
        *(("2x3090", ("rtx-3090", 2)), ("2 x 4090", ("rtx-4090", 2)), ("4090x2", ("rtx-4090", 2))),
        *(("3090 * 2", ("rtx-3090", 2)), ("2×RTX 3090 Ti", ("rtx-3090-ti", 2)), ("rtx 3090 X4", ("rtx-3090", 4))),
        *(
            ("mi300x", ("mi300x", 1)),
            ("2xmi300x", ("mi300x", 2)),
            ("mi300xx2", ("mi300x", 2)),
            ("4090: 2", ("rtx-4090", 2)),
        ),
        *(("7900xtx", ("rx-7900-xtx", 1)), ("8x h100-sxm-80gb", ("h100-sxm-80gb", 8)), ("999x4090", ("rtx-4090", 999))),
        *(("7900xtx 24", ("rx-7900-xtx", 1)), ("4080s", ("rtx-4080-super", 1)), ("1024x4090", ("rtx-4090", 1024))),
    ],
)
def test_how_many_cards_is_said_in_any_usual_way(gpu: str, meant: tuple[str, int]) -> None:
    assert named(gpu) == [meant]


@pytest.mark.parametrize(
    ("gpu", "near"),
    [
        *(("409", "rtx-4090"), ("409:2", "rtx-4090"), ("2x409", "rtx-4090"), ("rtx 4900", "rtx-4090")),
        *(("rtx 409", "rtx-4090"), ("mi300x 2", "mi300x"), ("h10", "h100-sxm-80gb"), ("a600", "rtx-a6000")),
    ],
)
def test_a_card_that_nobody_knows_is_answered_with_the_nearest_first(gpu: str, near: str) -> None:
    with pytest.raises(NotFound) as raised:
        named(gpu)
    assert raised.value.near[0] == near
    assert (raised.value.hint or "").startswith(f"did you mean {', '.join(raised.value.near)}? ")


@pytest.mark.parametrize(
    ("gpu", "told"),
    [
        pytest.param("", "--gpu '': expected ID or ID:N.", id="empty"),
        pytest.param(":2", "--gpu ':2': expected ID or ID:N.", id="only a number"),
        pytest.param("rtx-4090:0", "got '0'.", id="none of it"),
        pytest.param("rtx-4090:-1", "got '-1'.", id="negative"),
        pytest.param("rtx-4090:x", "got 'x'.", id="no number"),
        pytest.param("rtx-4090:", "got ''.", id="nothing after the colon"),
        pytest.param("0x4090", "got '0'.", id="none of it, said before"),
        pytest.param("4090x0", "got '0'.", id="none of it, said after"),
        pytest.param("rtx-4090:1.5", "got '1.5'.", id="one and a half"),
        pytest.param("rtx-4090:1025", "got '1025'.", id="too many"),
    ],
)
def test_a_gpu_that_cannot_be_meant_is_refused_with_its_value(gpu: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(gpu)
    assert told in caught.value.message


def test_an_unknown_gpu_is_answered_with_near_names() -> None:
    with pytest.raises(NotFound) as caught:
        named("rtx-4091")
    assert "'rtx-4091'" in caught.value.message
    assert caught.value.hint is not None
    assert "rtx-4090" in caught.value.hint


@pytest.mark.parametrize("option", ["vram", "ram", "ram_bandwidth", "bandwidth"])
@pytest.mark.parametrize(("value", "shown"), [(0.0, "0"), (-3.0, "-3"), (float("nan"), "nan"), (float("inf"), "inf")])
def test_figures_must_be_above_zero(option: str, value: float, shown: str) -> None:
    with pytest.raises(UsageError) as caught:
        machine_from_options(**{option: value})  # type: ignore[arg-type]
    assert caught.value.message == f"--{option.replace('_', '-')} {shown}: expected a number above zero."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param({"machine": Path("x"), "gpu": ["rtx-4090"]}, "--machine and --gpu contradict", id="machine-gpu"),
        pytest.param({"machine": Path("x"), "ram": 64.0}, "--machine and --ram contradict", id="machine-ram"),
        pytest.param({"gpu": ["rtx-4090"], "vram": 48.0}, "--gpu and --vram contradict", id="gpu-vram"),
        pytest.param({"gpu": ["rtx-4090"], "cpu_only": True}, "--cpu-only and --gpu contradict", id="cpu-only-gpu"),
        pytest.param({"vram": 24.0, "cpu_only": True}, "--cpu-only and --vram contradict", id="cpu-only-vram"),
        pytest.param({"bandwidth": 900.0}, "--bandwidth needs --vram", id="bandwidth-alone"),
        pytest.param({"gpu": ["rtx-4090"], "bandwidth": 90.0}, "--bandwidth needs --vram", id="bandwidth-gpu"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        machine_from_options(**options)  # type: ignore[arg-type]
    assert told in caught.value.message


def test_a_described_machine_is_read_back_equal() -> None:
    machine: Machine = machine_from_options(gpu=["h100-sxm-80gb:8"], ram=1024)
    assert parse(json.dumps(document(machine)), "box.json") == machine
