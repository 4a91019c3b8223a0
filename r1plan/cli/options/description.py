"""The machine that the options describe: what was said of it, brought together and held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, TypedDict

from r1plan.cli.options.named import check_size, cores_beside, is_box, named_cards
from r1plan.cli.options.once import times
from r1plan.errors import NotFound, UsageError
from r1plan.hardware.described import DescribedCard, Description, UnnamedCard, describe
from r1plan.hardware.machine import Machine

if TYPE_CHECKING:
    from r1plan.catalog.hardware import Hardware
    from r1plan.cli.options.named import CardsOf
    from r1plan.hardware.assumed.host import HostFigures, Processor

    class MachineWords(TypedDict, total=False):
        """What the options say, each by its name; None where it was not given. GiB, GB/s."""

        gpu: list[str] | None
        vram: list[float] | float | None
        bandwidth: list[float] | float | None
        vendor: Literal["nvidia", "amd", "intel"] | None
        vram_used: float | None
        unified: float | None
        ram: float | None
        ram_bandwidth: float | None
        cores: int | None
        cpu: str | None
        cpu_only: bool
        machine: Path | None
        disk_bandwidth: float | None


_SERVERS = frozenset({"server", "workstation", "cloud"})


def described_machine(
    words: MachineWords, vram: Sequence[float], bandwidth: Sequence[float], cards_of: CardsOf
) -> Machine:
    """The machine that `words` describe; `vram` and `bandwidth` are those of cards that have no name.

    `cards_of` finds the data sheets of names.

    Raises UsageError for what contradicts each other, NotFound for an unknown card or processor.
    """
    names = list(words.get("gpu") or [])
    cpu, processor = words.get("cpu"), None
    if cpu is not None:
        processor = _processor(cpu, None if names or vram or words.get("unified") else cards_of)
        names += [] if processor else [cpu]  # "Apple M2": a chip that is a whole machine
    cards = named_cards(names, words.get("unified") or words.get("ram"), cards_of) if names else []
    box = next((each for each in cards if is_box(each)), None)
    host = _host(words, processor)
    if box is not None:
        return _box(box, cards, words, vram, bandwidth, processor)
    if cards:
        _check_named(cards, words, vram, bandwidth)
    unified = words.get("unified")
    if unified is not None:
        _check_unified(words, vram, bandwidth)
    said = Description(
        unnamed=() if cards or unified else _unnamed(vram, bandwidth),
        vendor=words.get("vendor"),
        vram_used_gib=words.get("vram_used"),
        unified_gib=unified,
        unified_gb_s=bandwidth[0] if unified and bandwidth else None,
        host=host,
    )
    return describe(cards, said)


def _box(
    box: DescribedCard,
    cards: Sequence[DescribedCard],
    words: MachineWords,
    vram: Sequence[float],
    bandwidth: Sequence[float],
    processor: Processor | None,
) -> Machine:
    """A machine with one memory that has a name. `--ram`, `--unified` and `--vram` all mean that memory."""
    from r1plan.hardware.assumed.host import HostFigures

    name = box.sheet.name
    if processor is not None:
        _contradict("--cpu", "--gpu", f"the processor of {name} is part of it", "leave --cpu out.")
    if words.get("vendor"):
        _contradict("--vendor", "--gpu", f"{name} says whose it is", "leave --vendor out.")
    sizes = {"--ram": words.get("ram"), "--unified": words.get("unified"), "--vram": vram[0] if vram else None}
    said = {"--gpu": box.memory_gib, **sizes}
    given = [(option, size) for option, size in said.items() if size is not None]
    for option, size in given[1:]:
        if size != given[0][1]:
            (first, one), other = given[0], f"{option} {size:g}"
            said_first = f"the name says {one:g} GiB" if first == "--gpu" else f"{first} says {one:g} GiB"
            _contradict(option, first, f"{said_first}, {other}: {name} has one memory", "give its size once.")
    typed = [each for each in (words.get("cpu"), *(words.get("gpu") or ())) if each]
    if given:
        check_size(box.sheet, given[0][1])
    rates = {rate for rate in (words.get("ram_bandwidth"), *bandwidth) if rate is not None}
    if len(rates) > 1:
        _contradict("--bandwidth", "--ram-bandwidth", f"{name} has one memory", "give its bandwidth once.")
    return describe(
        cards,
        Description(
            vram_used_gib=words.get("vram_used"),
            unified_gib=given[0][1] if given else None,
            unified_gb_s=next(iter(rates), None),
            host=HostFigures(cores=words.get("cores") or cores_beside(box, typed)),
        ),
    )


def _check_named(
    cards: Sequence[DescribedCard], words: MachineWords, vram: Sequence[float], bandwidth: Sequence[float]
) -> None:
    """Raise UsageError where other options say something else of cards that have names."""
    for each in cards:
        size = each.memory_gib or getattr(each.sheet, "vram_gib", None)
        if any(one != size for one in vram):
            other = next(one for one in vram if one != size)
            _contradict(
                "--gpu",
                "--vram",
                f"{each.sheet.name} has {size:g} GiB, and --vram says {other:g}",
                "--vram is for a card that is not known by name.",
            )
    if bandwidth:
        raise UsageError("--bandwidth needs --vram.", "main memory's bandwidth is --ram-bandwidth.")
    if words.get("vendor"):
        _contradict("--gpu", "--vendor", f"{cards[0].sheet.name} says whose it is", "leave --vendor out.")
    if words.get("unified") is not None:
        _contradict(
            "--gpu",
            "--unified",
            f"{cards[0].sheet.name} has a memory of its own",
            "give main memory with --ram, or leave --gpu out.",
        )


def _check_unified(words: MachineWords, vram: Sequence[float], bandwidth: Sequence[float]) -> None:
    other = next((o for o, v in (("--vram", list(vram)), ("--ram", words.get("ram"))) if v), None)
    if other:
        _contradict("--unified", other, "it is one memory for processor and graphics", f"leave {other} out.")
    if len(bandwidth) > 1 or (bandwidth and words.get("ram_bandwidth")):
        _contradict("--unified", "a second bandwidth", "it is one memory", "give its bandwidth once.")


def _unnamed(vram: Sequence[float], bandwidth: Sequence[float]) -> tuple[UnnamedCard, ...]:
    """The cards, each with its bandwidth in the same order; one bandwidth is that of all."""
    if len(bandwidth) not in (0, 1, len(vram)):
        raise UsageError(
            f"--vram is given {times(len(vram))} and --bandwidth {times(len(bandwidth))}.",
            "give one --bandwidth for all cards, or one for each in the same order.",
        )
    rates: list[float | None] = [*bandwidth] * (len(vram) if len(bandwidth) == 1 else 1) or [None] * len(vram)
    return tuple(UnnamedCard(size, rate) for size, rate in zip(vram, rates, strict=True))


def _host(words: MachineWords, processor: Processor | None) -> HostFigures:
    from r1plan.hardware.assumed.host import HostFigures

    return HostFigures(
        ram_gib=words.get("ram"),
        ram_bandwidth_gb_s=words.get("ram_bandwidth"),
        cores=words.get("cores"),
        processor=processor,
    )


def _processor(text: str, cards_of: CardsOf | None) -> Processor | None:
    """The processor, or the memory of one, that `--cpu` names; None: it is a chip of Apple's, as `cards_of` finds."""
    from r1plan.catalog.load import load_cpus, load_hardware
    from r1plan.catalog.match_cpu import find_cpu, sockets_and_name
    from r1plan.hardware.assumed.host import Processor

    sockets, name = sockets_and_name(text)
    hardware = load_hardware()
    if layout := hardware.cpu_memory.get(name.casefold()):
        return Processor(
            name=None,
            cores=None,
            bandwidth_gb_s=layout.bandwidth_gb_s,
            memory=layout.name,
            sockets=sockets,
            server_channels=sockets * layout.channels if layout.channels > 4 else 0,
        )
    try:
        sheet = find_cpu(load_cpus(), name)
    except (NotFound, UsageError):
        if cards_of is not None and _is_apples(name, hardware, cards_of):
            return None
        raise
    channels = "one channel" if sheet.channels == 1 else f"all {sheet.channels} channels"
    kind = f"{sheet.memory_type}-{sheet.mt_s}"
    return Processor(
        name=sheet.name,
        cores=sheet.cores * sockets,
        bandwidth_gb_s=sheet.bandwidth_gb_s,
        # Of two sockets' memory a process reads little more than one's, unless it is spread over both.
        memory=f"{channels} of {kind}" + (", one socket's" if sockets > 1 else ""),
        is_sourced=not {"mt_s", "channels", "bandwidth_gb_s"} & set(sheet.unsourced),
        sockets=sockets,
        server_channels=sheet.channels * sockets if sheet.segment in _SERVERS else 0,
        architecture="x86_64" if sheet.vendor in ("AMD", "Intel") else "aarch64",
        avx512=sheet.avx512,
        amx=sheet.amx,
    )


def _is_apples(name: str, hardware: Hardware, cards_of: CardsOf) -> bool:
    from r1plan.catalog.hardware import AppleChip

    try:
        return all(isinstance(each.sheet, AppleChip) for each in cards_of([name], hardware))
    except (NotFound, UsageError):
        return False


def _contradict(one: str, other: str, why: str, hint: str) -> NoReturn:
    raise UsageError(f"{one} and {other} contradict each other: {why}.", hint)
