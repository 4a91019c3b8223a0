from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.errors import R1PlanError, UsageError
from r1plan.hardware.machine import Cpu, Disk, GpuDevice, GpuProcess, HostMemory, Machine
from r1plan.hardware.stored import document, parse, read

names = st.text(max_size=12)
sizes = st.integers(1, 1 << 50)
rates = st.none() | st.just(0.0) | st.floats(1e-3, 1e5)
processes = st.builds(
    GpuProcess, pid=st.integers(1, 1 << 22), name=st.none() | names, used_bytes=st.none() | st.integers(0, 1 << 40)
)


@st.composite
def devices(draw: st.DrawFn) -> GpuDevice:
    total = draw(sizes)
    return GpuDevice(
        index=draw(st.integers(0, 15)),
        vendor=draw(st.sampled_from(("nvidia", "amd", "apple", "intel", "unknown"))),
        name=draw(names),
        profile=draw(st.none() | names),
        total_bytes=total,
        free_bytes=draw(st.integers(0, total)),
        bandwidth_gb_s=draw(rates),
        power_limit_w=draw(rates),
        unified=draw(st.booleans()),
        mig=draw(st.booleans()),
        processes=tuple(draw(st.lists(processes, max_size=2))),
    )


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    total = draw(sizes)
    return Machine(
        origin=draw(st.sampled_from(("detected", "described", "file"))),
        system=draw(names),
        cpu=Cpu(model=draw(names), cores=draw(st.integers(1, 512)), architecture=draw(names)),
        memory=HostMemory(
            total_bytes=total,
            available_bytes=draw(st.integers(0, total)),
            limit_bytes=draw(st.none() | sizes),
            bandwidth_gb_s=draw(rates),
        ),
        gpus=tuple(draw(st.lists(devices(), max_size=3, unique_by=lambda each: each.index))),
        disk=draw(st.none() | st.builds(Disk, path=names, free_bytes=sizes)),
        notes=tuple(draw(st.lists(names, max_size=2))),
    )


@given(machines())
@settings(max_examples=40, deadline=None)
def test_what_detect_prints_reads_back_to_an_equal_machine(machine: Machine) -> None:
    assert parse(json.dumps(document(machine)), "box.json") == machine


GOOD: dict[str, Any] = {
    "schema": "r1plan.machine/1",
    "origin": "detected",
    "system": "linux",
    "cpu": {"model": "x", "cores": 8, "architecture": "x86_64"},
    "memory": {"total_bytes": 100, "available_bytes": 50},
    "gpus": [
        {
            "index": 0,
            "vendor": "nvidia",
            "name": "y",
            "profile": None,
            "total_bytes": 10,
            "free_bytes": 10,
            "bandwidth_gb_s": 1.0,
        }
    ],
}


CARD: Any = GOOD["gpus"][0]


def changed(path: str, value: Any) -> str:
    fields = json.loads(json.dumps(GOOD))
    *parents, last = path.split(".")
    target = fields
    for each in parents:
        target = target[int(each) if each.isdigit() else each]
    target[last] = value
    return json.dumps(fields)


def test_fields_that_have_a_default_may_be_missing() -> None:
    assert parse(json.dumps(GOOD), "box.json").gpus[0].mig is False


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "box.json: is not JSON: it is empty.", id="empty"),
        pytest.param("GPU 0: an RTX\n", "box.json: is not JSON: line 1, character 1 is wrong.", id="another's text"),
        pytest.param('{\n  "a": 1,,', "box.json: is not JSON: line 2, character 10 is wrong.", id="a slip"),
        pytest.param('{"a": 1,\n', "box.json: is not JSON: it ends before it is complete.", id="a part"),
        pytest.param("[" * 100_000, "box.json: is not JSON", id="nested too deep"),
        pytest.param("[]", "box.json: schema: expected 'r1plan.machine/1', got None.", id="a list"),
        pytest.param("{}", "box.json: schema: expected 'r1plan.machine/1', got None.", id="no schema"),
        pytest.param(changed("schema", "r1plan.recommend/1"), "got 'r1plan.recommend/1'.", id="another document"),
        pytest.param(changed("cpu.cores", "8"), "cpu.cores: expected a valid integer, got '8'.", id="text"),
        pytest.param(changed("cpu.cores", 0), "cpu.cores: expected 1 or more, got 0.", id="no cores"),
        pytest.param(changed("cpu.speed", 3), "cpu.speed: Unexpected keyword argument, got 3.", id="unknown field"),
        pytest.param(changed("memory.total_bytes", -1), "memory.total_bytes: expected 0 or more", id="negative"),
        pytest.param(
            changed("memory.available_bytes", 101), "expected at most the total, 100, got 101.", id="too much"
        ),
        pytest.param(
            changed("gpus.0.free_bytes", 11), "gpus.0.free_bytes: expected at most", id="more free than there"
        ),
        pytest.param(changed("gpus.0.desktop_bytes", 11), "gpus.0.desktop_bytes: expected at most", id="large desktop"),
        pytest.param(
            changed("assumptions", [{"what": "ram", "figure": float("inf"), "unit": "GiB", "option": "--ram"}]),
            "assumptions.0.figure: expected",
            id="endless assumption",
        ),
        pytest.param(changed("assumptions", [{"what": "luck"}]), "assumptions.0.what: expected", id="no such thing"),
        pytest.param(changed("gpus.0.bandwidth_gb_s", float("nan")), "gpus.0.bandwidth_gb_s: expected", id="nan"),
        pytest.param(changed("gpus.0.vendor", "voodoo"), "gpus.0.vendor: expected", id="unknown vendor"),
        pytest.param(changed("gpus", None), "gpus: expected a valid array, got None.", id="null"),
        pytest.param(changed("gpus", [CARD, CARD]), "gpus: two cards have the index 0.", id="twice"),
        pytest.param(
            changed("gpus", [{**CARD, "index": each} for each in range(1025)]),
            "gpus: expected at most 1,024, got 1,025.",
            id="crowd",
        ),
        pytest.param(changed("cpu." + "x" * 5000, 1), "cpu.'xxx", id="long name"),
        pytest.param(changed("cpu.a\nb", 1), r"cpu.'a\nb': Unexpected", id="name of two lines"),
        pytest.param(changed("gpus.0.index", -1), "gpus.0.index: expected 0 or more, got -1.", id="index"),
        pytest.param(changed("gpus.0.index", 1024), "gpus.0.index: expected at most 1,023", id="far index"),
        pytest.param(changed("gpus.0.name", "a\ud800b"), "box.json: holds what is no text: ", id="half a character"),
        pytest.param(changed("cpu.cores", 8.0), "cpu.cores: expected a valid integer", id="float for int"),
        pytest.param(changed("cpu.cores", True), "cpu.cores: expected a valid integer, got True.", id="bool for int"),
        pytest.param(changed("memory.total_bytes", 10**19), "memory.total_bytes: expected at most", id="exabytes"),
        pytest.param(json.dumps([0]).replace("0", "9" * 5000), "schema: expected", id="digits in a list"),
        pytest.param('{"schema":' + "[" * 500 + "]" * 500 + "}", "schema: expected", id="nested schema"),
        pytest.param(changed("cpu.cores", "@").replace('"@"', "9" * 5000), "cpu.cores: expected a", id="5,000 digits"),
        pytest.param(
            changed("cpu.cores", "@").replace('"@"', "-" + "9" * 30), "cpu.cores: expected a", id="minus 30 digits"
        ),
        *(
            pytest.param(changed(path, value), f"box.json: {path}: expected", id=f"{path} {value!r}"[:40])
            for path in (
                "memory.bandwidth_gb_s",
                "disk_bandwidth_gb_s",
                "gpus.0.bandwidth_gb_s",
                "gpus.0.fp32_tflops",
                "gpus.0.fp16_tensor_tflops",
                "gpus.0.power_limit_w",
            )
            for value in (5e-324, 1e-4, 1e308, 1e9, float("inf"), float("nan"), float("-inf"), -1.0, 10**400)
        ),
    ],
)
def test_a_file_that_is_no_machine_is_refused_by_field_and_value(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "box.json")
    assert told in caught.value.message
    assert len(caught.value.message) < 400
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith("box.json: ")
    assert caught.value.hint == "make one with: r1plan detect --json > machine.json"


def test_a_missing_field_is_named() -> None:
    fields = dict(GOOD)
    del fields["memory"]
    with pytest.raises(UsageError, match=r"box.json: memory: Field required\."):
        parse(json.dumps(fields), "box.json")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(R1PlanError, match=r"none.json: cannot be read \(No such file or directory\)\."):
        read(tmp_path / "none.json")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_that_a_shell_wrote_in_its_own_encoding_is_a_machine(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "box.json").write_bytes(changed("cpu.model", "größer").replace("\n", "\r\n").encode(encoding))
    assert read(tmp_path / "box.json").cpu.model == "größer"


def test_a_binary_file_is_no_machine(tmp_path: Path) -> None:
    (tmp_path / "box.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is not text"):
        read(tmp_path / "box.json")


def test_a_container_without_a_limit_may_say_the_largest_number_that_it_has() -> None:
    assert parse(changed("memory.limit_bytes", 2**63 - 4096), "box.json").memory.usable_bytes == 100


def test_a_pipe_is_read_and_one_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "box.json"
    os.mkfifo(pipe)
    with pytest.raises(R1PlanError, match=r"cannot be read \(is a named pipe to which nobody writes\)"):
        read(pipe, writer_patience_s=0)
    reader, writer = os.pipe()
    os.write(writer, json.dumps(GOOD).encode())
    os.close(writer)
    try:
        assert read(Path(f"/dev/fd/{reader}")).cpu.cores == 8
    finally:
        os.close(reader)


def test_a_device_and_a_file_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(R1PlanError, match="is a device, where a plain file is needed"):
        read(Path("/dev/zero"))
    with (tmp_path / "box.json").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(R1PlanError, match="is larger than 1 MiB"):
        read(tmp_path / "box.json")
