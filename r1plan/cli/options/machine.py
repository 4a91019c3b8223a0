"""The options that say which machine is meant, for every command that plans for one; and the machine they mean."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r1plan.errors import NotFound, UsageError
from r1plan.hardware.machine import LEAST_RATE, MOST_CARDS, MOST_RATE, Machine

if TYPE_CHECKING:
    from r1plan.catalog.hardware import Hardware
    from r1plan.hardware.described import DescribedCard

# "2x3090", "2 × RTX 3090", "3090x2", "3090 * 2". A name may hold such a letter itself: "rtx 490", "7900xtx 24".
_TIMES = re.compile(
    r"(?P<first>\d{1,3})\s*[x×*]\s*(?P<name>\S.*)|(?P<named>[^\s\d]*\s*\d.*?)(?:\s+[x×*]\s*|[x×*])(?P<last>\d{1,3})",
    re.IGNORECASE,
)

GpuOption = Annotated[
    list[str] | None,
    typer.Option("--gpu", metavar="ID[:N]", help="N cards of a kind, such as rtx-4090:2 or m3-max-40c. Repeatable."),
]
VramOption = Annotated[
    float | None, typer.Option("--vram", metavar="GIB", help="Memory of a card that is not known by name.")
]
BandwidthOption = Annotated[
    float | None, typer.Option("--bandwidth", metavar="GB/S", help="That card's memory bandwidth.")
]
RamOption = Annotated[float | None, typer.Option("--ram", metavar="GIB", help="Main memory.")]
RamBandwidthOption = Annotated[
    float | None, typer.Option("--ram-bandwidth", metavar="GB/S", help="Main memory's bandwidth.")
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


def machine_from_options(
    gpu: list[str] | None = None,
    vram: float | None = None,
    bandwidth: float | None = None,
    ram: float | None = None,
    ram_bandwidth: float | None = None,
    cpu_only: bool = False,
    machine: Path | None = None,
    disk_bandwidth: float | None = None,
) -> Machine:
    """The machine that the options mean; this one when none is given.

    `--gpu` or `--vram` describes a machine from nothing; `--ram`, `--ram-bandwidth` and `--cpu-only` alone change this
    one; `--machine` reads one. `--disk-bandwidth` goes with each of them.

    Raises UsageError for values that cannot be or contradict each other, NotFound for an unknown card.
    """
    figures = {"--vram": vram, "--bandwidth": bandwidth, "--ram": ram, "--ram-bandwidth": ram_bandwidth}
    for option, value in (*figures.items(), ("--disk-bandwidth", disk_bandwidth)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"{option} {value:g}: expected a number above zero.", f"give more, or leave {option} out.")
        if value is not None and value < LEAST_RATE:
            raise UsageError(f"{option} {value:g}: no machine has so little.", "sizes are in GiB, bandwidths in GB/s.")
        if value is not None and value > MOST_RATE:
            raise UsageError(f"{option} {value:g}: no machine has that much.", "sizes are in GiB, bandwidths in GB/s.")
    if disk_bandwidth is not None:
        meant = machine_from_options(gpu, vram, bandwidth, ram, ram_bandwidth, cpu_only, machine)
        return replace(meant, disk_bandwidth_gb_s=disk_bandwidth)
    given = [option for option, value in (("--gpu", gpu), *figures.items()) if value is not None and value != []]
    if machine is not None:
        if given:
            raise UsageError(f"--machine and {given[0]} contradict each other.", "the file says all of the machine.")
        from r1plan.hardware.stored import read

        return _without_cards(replace(read(machine), origin="file"), cpu_only)
    if gpu and vram is not None:
        raise UsageError("--gpu and --vram contradict each other.", "--vram is for a card that is not known by name.")
    if bandwidth is not None and vram is None:
        raise UsageError("--bandwidth needs --vram.", "main memory's bandwidth is --ram-bandwidth.")
    if cpu_only and (gpu or vram is not None):
        raise UsageError(f"--cpu-only and {given[0]} contradict each other.", "leave one of them out.")
    if gpu or vram is not None:
        return _described(gpu or [], vram, bandwidth, ram, ram_bandwidth)
    here = _without_cards(this_machine(), cpu_only)
    if not given:
        return here
    from r1plan.hardware.described import with_memory

    return with_memory(here, ram, ram_bandwidth)


def this_machine() -> Machine:
    """The machine that this runs on."""
    from r1plan.hardware.detect import detect
    from r1plan.settings import directories

    return detect(_sheets, directories().data)


def cards_of(gpu: list[str], hardware: Hardware) -> list[DescribedCard]:
    """The data sheet and number that each `ID[:N]` means; `2x3090` and `3090x2` are ways to write it too.

    Raises UsageError for an empty id, one that may mean several cards, or a number that is none; NotFound for an
    unknown card.
    """
    return [_cards(each, hardware) for each in gpu]


def _cards(text: str, hardware: Hardware) -> DescribedCard:
    from r1plan.catalog.match import find_accelerator
    from r1plan.hardware.described import DescribedCard

    name, colon, number = (part.strip() for part in text.partition(":"))
    if not name:
        raise UsageError(f"--gpu '{text}': expected ID or ID:N.", "for example --gpu rtx-4090:2")
    if not colon:
        try:
            return DescribedCard(find_accelerator(hardware, name))
        except NotFound:
            several = [each.strip() for each in re.split("[,+]", name)]
            if len(several) > 1 and all(several):
                each_its_own = " ".join(f"--gpu '{each}'" if " " in each else f"--gpu {each}" for each in several[:4])
                raise UsageError(f"--gpu '{text}' names several cards.", f"give each its own: {each_its_own}") from None
            times = _TIMES.fullmatch(name)
            if times is None:
                raise
            number, name = times["first"] or times["last"], times["name"] or times["named"]
    if not (number.isascii() and number.isdigit() and 0 < int(number) <= MOST_CARDS):
        raise UsageError(
            f"--gpu {text}: expected 1 to {MOST_CARDS:,} cards, got '{number}'.", "for example --gpu rtx-4090:2"
        )
    return DescribedCard(find_accelerator(hardware, name), int(number))


def _described(
    gpu: list[str], vram: float | None, bandwidth: float | None, ram: float | None, ram_bandwidth: float | None
) -> Machine:
    from r1plan.hardware.described import describe

    return describe(
        cards_of(gpu, _sheets()) if gpu else (),
        vram_gib=vram,
        bandwidth_gb_s=bandwidth,
        ram_gib=ram,
        ram_bandwidth_gb_s=ram_bandwidth,
    )


def _without_cards(machine: Machine, cpu_only: bool) -> Machine:
    return replace(machine, gpus=()) if cpu_only else machine


def _sheets() -> Hardware:
    from r1plan.catalog.load import load_hardware

    return load_hardware()
