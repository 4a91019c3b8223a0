"""The options that say which machine is meant, for every command that plans for one; and the machine they mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Unpack

import typer

from r1plan.errors import UsageError
from r1plan.hardware.machine import Machine

if TYPE_CHECKING:
    from r1plan.catalog.hardware import Hardware
    from r1plan.cli.options.description import MachineWords

GpuOption = Annotated[
    list[str] | None,
    typer.Option(
        "--gpu", metavar="ID[:N]", help="A card or chip as people name it: 4090, 2x3090, 'M4 Max 64GB'. Repeatable."
    ),
]
VramOption = Annotated[
    list[float] | None,
    typer.Option("--vram", metavar="GIB", help="Memory of a card that is not known by name. Repeatable."),
]
BandwidthOption = Annotated[
    list[float] | None,
    typer.Option("--bandwidth", metavar="GB/S", help="That card's memory bandwidth; once for all, or once for each."),
]
VendorOption = Annotated[
    Literal["nvidia", "amd", "intel"] | None, typer.Option("--vendor", help="Who makes that card, or those graphics.")
]
VramUsedOption = Annotated[
    float | None,
    typer.Option("--vram-used", metavar="GIB", help="What else holds memory on each card; 0: no desktop."),
]
UnifiedOption = Annotated[
    float | None, typer.Option("--unified", metavar="GIB", help="One memory for processor and graphics.")
]
RamOption = Annotated[
    float | None,
    typer.Option("--ram", metavar="GIB", help="Main memory; one memory's size, where processor and graphics share it."),
]
RamBandwidthOption = Annotated[
    float | None, typer.Option("--ram-bandwidth", metavar="GB/S", help="Main memory's bandwidth.")
]
CoresOption = Annotated[int | None, typer.Option("--cores", metavar="N", help="The processor's cores.")]
CpuOption = Annotated[
    str | None, typer.Option("--cpu", metavar="NAME", help="The processor, such as 'EPYC 9654', 7950x or '2x 8480+'.")
]
DiskBandwidthOption = Annotated[
    float | None,
    typer.Option(metavar="GB/S", help="How fast the disk reads, for experts that find no room in RAM. Default: 3."),
]
CpuOnlyOption = Annotated[bool, typer.Option("--cpu-only", help="Leave graphics cards out.")]
MachineOption = Annotated[
    Path | None,
    typer.Option("--machine", metavar="FILE", help="What `r1plan detect --json` printed on another machine."),
]


def machine_from_options(**words: Unpack[MachineWords]) -> Machine:
    """The machine that the options mean; this one when none is given.

    `--gpu`, `--vram`, `--unified`, `--cpu`, and `--cpu-only` with `--ram`, describe a machine from nothing; `--ram`,
    `--ram-bandwidth`, `--cores` and `--vram-used` without them change this one, as `--cpu-only` does; `--machine` reads
    one. `--disk-bandwidth` goes with each of them.

    Raises UsageError for values that cannot be or contradict each other, NotFound for an unknown card or processor.
    """
    machine = _machine(words)
    disk_bandwidth = words.get("disk_bandwidth")
    return machine if disk_bandwidth is None else replace(machine, disk_bandwidth_gb_s=disk_bandwidth)


def _machine(words: MachineWords) -> Machine:
    vram, bandwidth = _each(words.get("vram")), _each(words.get("bandwidth"))
    _check_figures(words, vram, bandwidth)
    named = {"--gpu": words.get("gpu"), "--vram": vram, "--unified": words.get("unified")}
    figures = {
        **named,
        "--bandwidth": bandwidth,
        "--ram": words.get("ram"),
        "--ram-bandwidth": words.get("ram_bandwidth"),
        "--cpu": words.get("cpu"),
        "--cores": words.get("cores"),
        "--vram-used": words.get("vram_used"),
        "--vendor": words.get("vendor"),
    }
    given = [option for option, value in figures.items() if value is not None and value != []]
    cpu_only, file = words.get("cpu_only", False), words.get("machine")
    if file is not None:
        if given:
            raise UsageError(f"--machine and {given[0]} contradict each other.", "the file says all of the machine.")
        from r1plan.hardware.stored import read

        return _without_cards(replace(read(file), origin="file"), cpu_only)
    has_graphics = any(option in given for option in named)
    if bandwidth and not has_graphics:
        raise UsageError("--bandwidth needs --vram.", "main memory's bandwidth is --ram-bandwidth.")
    if words.get("vendor") and not has_graphics:
        raise UsageError("--vendor needs --vram or --unified.", "a card with a name says whose it is.")
    if cpu_only and (has_graphics or "--vram-used" in given):
        raise UsageError(f"--cpu-only and {given[0]} contradict each other.", "leave one of them out.")
    if has_graphics or "--cpu" in given or (cpu_only and "--ram" in given):
        from r1plan.cli.options.description import described_machine
        from r1plan.hardware.names.ids import cards_named

        return _without_cards(described_machine(words, vram, bandwidth, cards_named), cpu_only)
    here = _without_cards(this_machine(), cpu_only)
    if not given:
        return here
    from r1plan.hardware.changed import MachineChange, changed

    change = MachineChange(
        ram_gib=words.get("ram"),
        ram_bandwidth_gb_s=words.get("ram_bandwidth"),
        cores=words.get("cores"),
        vram_used_gib=words.get("vram_used"),
    )
    return changed(here, change)


def _each(said: list[float] | float | None) -> list[float]:
    return [said] if isinstance(said, int | float) else said or []


def _check_figures(words: MachineWords, vram: list[float], bandwidth: list[float]) -> None:
    """Raise UsageError for a figure that no machine has."""
    figures = [
        *(("--vram", each) for each in vram),
        *(("--bandwidth", each) for each in bandwidth),
        ("--vram-used", words.get("vram_used")),
        ("--unified", words.get("unified")),
        ("--ram", words.get("ram")),
        ("--ram-bandwidth", words.get("ram_bandwidth")),
        ("--disk-bandwidth", words.get("disk_bandwidth")),
    ]
    given = [(option, value) for option, value in figures if value is not None]
    cores = words.get("cores")
    if given or cores is not None:
        from r1plan.cli.options.plausible import check_cores, check_figure

        for option, value in given:
            check_figure(option, value)
        check_cores(cores)


def this_machine() -> Machine:
    """The machine that this runs on."""
    from r1plan.hardware.detect import detect
    from r1plan.settings import directories

    return detect(_sheets, directories().data)


def _without_cards(machine: Machine, cpu_only: bool) -> Machine:
    return replace(machine, gpus=()) if cpu_only else machine


def _sheets() -> Hardware:
    from r1plan.catalog.load import load_hardware

    return load_hardware()
