"""Fits the constants of processors on the rows of this folder, and writes them where the program reads them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec

from r1plan.hardware.machine import Cpu
from r1plan.hardware.stored import parse
from r1plan.measurements.measurement import Measurement
from r1plan.plan.llamacpp.speed import host_fitted
from r1plan.plan.llamacpp.speed.decode_time import DecodeTimeModel
from r1plan.plan.llamacpp.speed.fit.processors import OWN_NOISE, HostFit, HostReading, fit_processors
from r1plan.plan.llamacpp.speed.measured import learned_here
from tests.measured.speed_rows import FOLDER, speed_rows

SOURCE = "bench_calibration b0559-b0592, b0645-b0702; h200_verify; core_types"
# Twice as slow as the same with the weights repacked, which llama.cpp does by itself.
_LEFT_OUT = ("b0645",)


@cache
def host_readings() -> tuple[HostReading, ...]:
    """Every measured token of which a processor did a part."""
    found = [
        HostReading(row.row, row.host, row.machine, time.work, row.depth, 1 / row.tok_s)
        for row in speed_rows()
        if row.group in ("processor", "hybrid") and row.row not in _LEFT_OUT
        for time in (DecodeTimeModel(row.machine, row.model, row.quant, row.weights, row.loads),)
    ]
    return (*found, *_verified(), _zen_5())


def _verified() -> list[HostReading]:
    """What `models verify` read of files of which a processor does a part, beside an H200."""
    lines = [json.loads(line) for line in (FOLDER / "h200_verify.jsonl").read_text().splitlines()]
    here = parse(next(json.dumps(each["machine"]) for each in lines if each["kind"] == "machine"), "H200")
    found = []
    for each in lines:
        if each["kind"] != "verify":
            continue
        for run in learned_here(here, [msgspec.convert(each["document"], Measurement)]).rates.runs:
            if run.work.host is not None:
                read = run.decode[0]
                found.append(
                    HostReading(
                        each["name"],
                        "H200 host",
                        here,
                        run.work,
                        read.depth,
                        read.seconds,
                        is_memory_known=False,
                        noise=OWN_NOISE,
                    )
                )
    return found


def _zen_5() -> HostReading:
    """R1 at Q8_0 on sixteen cores of Zen 5 with twelve channels: "more than 6" tokens a second."""
    like = next(row for row in speed_rows() if row.row == "b0664")
    cpu = Cpu(model="sixteen of Zen 5", cores=16, architecture="x86_64", avx512=True)
    memory = replace(like.machine.memory, bandwidth_gb_s=576.0, bandwidth_basis="given")
    on = replace(like.machine, cpu=cpu, memory=memory)
    work = DecodeTimeModel(on, like.model, like.quant, like.weights, like.loads).work
    return HostReading("Zen 5", "Zen 5", on, work, 0, 1 / 6.5)


@cache
def host_fit() -> HostFit:
    """The constants that fit them."""
    return fit_processors(host_readings())


def module_of(fit: HostFit) -> str:
    """The module that holds the constants."""
    text = Path(host_fitted.__file__).read_text()
    lines = [text[: text.index("HOST_CONSTANTS = ")] + "HOST_CONSTANTS = HostConstants("]
    for name, each in fit.constants._asdict().items():
        lines.append(f"    {name}=HostConstant({each.value:.3g}, {each.error:.2f}),")
    return "\n".join([*lines, ")", f"HOST_SPREAD = {fit.spread:.2f}", f'HOST_SOURCE = "{SOURCE}"', ""])


if __name__ == "__main__":
    found = host_fit()
    Path(host_fitted.__file__).write_text(module_of(found))
    for name, over in found.held_back.items():
        print(f"{name}: measured over predicted without its machine {over:.2f}")
