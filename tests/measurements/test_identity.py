"""What tells machines, cards and files apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import r1plan.tiny
from r1plan.hardware.machine import Cpu, Disk, GpuDevice, HostMemory, Machine
from r1plan.measurements.identity import CardIdentity, FileIdentity, file_identity, machine_identity
from r1plan.models.gguf.file import read_gguf
from r1plan.models.gguf.model import model_file
from r1plan.models.gguf.source import LocalFile
from r1plan.units import GIB
from tests.measurements.example import CARD

TINY = Path(r1plan.tiny.__file__).with_name("r1-tiny-q8_0.gguf")


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        pytest.param(replace(CARD, driver="590.1"), True, id="driver"),
        pytest.param(replace(CARD, power_limit_w=300.0), True, id="power limit"),
        pytest.param(replace(CARD, pcie_lanes=4), True, id="slot"),
        pytest.param(replace(CARD, name="NVIDIA GeForce RTX 4080"), False, id="name"),
        pytest.param(replace(CARD, total_bytes=48 << 30), False, id="memory"),
        pytest.param(replace(CARD, mig=True), False, id="slice"),
    ],
)
def test_a_card_is_the_same_whatever_is_set_on_it(other: CardIdentity, is_same: bool) -> None:
    assert CARD.is_same_card(other) is is_same


MACHINE = Machine(
    origin="detected",
    system="linux",
    cpu=Cpu(model="AMD Ryzen 9 7950X", cores=32, physical_cores=16, architecture="x86_64"),
    memory=HostMemory(total_bytes=66_571_993_088, available_bytes=50 * GIB),
    gpus=(
        GpuDevice(
            index=0,
            vendor="nvidia",
            name="NVIDIA GeForce RTX 4090",
            profile="rtx-4090",
            total_bytes=24564 << 20,
            free_bytes=24000 << 20,
            bandwidth_gb_s=1008.0,
            driver="580.65.06",
        ),
    ),
)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        pytest.param(replace(MACHINE, memory=replace(MACHINE.memory, available_bytes=GIB)), True, id="less free"),
        pytest.param(replace(MACHINE, gpus=(replace(MACHINE.gpus[0], free_bytes=GIB),)), True, id="card less free"),
        pytest.param(replace(MACHINE, memory=replace(MACHINE.memory, total_bytes=66_571_000_000)), True, id="kernel"),
        pytest.param(replace(MACHINE, disk=Disk(path="/", free_bytes=1)), True, id="disk"),
        pytest.param(replace(MACHINE, gpus=()), False, id="no card"),
        pytest.param(replace(MACHINE, cpu=replace(MACHINE.cpu, cores=8)), False, id="fewer cores may be used"),
        pytest.param(replace(MACHINE, memory=replace(MACHINE.memory, limit_bytes=8 * GIB)), False, id="container"),
    ],
)
def test_a_machine_is_the_same_however_much_of_it_is_free(other: Machine, is_same: bool) -> None:
    assert (machine_identity(other) == machine_identity(MACHINE)) is is_same


def test_a_file_is_known_by_its_tensors_and_not_by_its_name(tmp_path: Path) -> None:
    copy = tmp_path / "other.gguf"
    copy.write_bytes(TINY.read_bytes())
    first, second = (_identity(path) for path in (TINY, copy))
    assert first.digest == second.digest
    assert first.name != second.name
    assert (first.quant, first.architecture, first.file_bytes) == ("Q8_0", "qwen2", TINY.stat().st_size)


def _identity(path: Path) -> FileIdentity:
    gguf = read_gguf(LocalFile(path))
    return file_identity(gguf, model_file(gguf, ()))
