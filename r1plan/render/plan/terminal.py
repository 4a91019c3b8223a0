"""A plan for a terminal: one sentence to act on, the choice beside its alternatives, and what was rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from r1plan.hardware.machine import Machine
from r1plan.market.compare import ApiOffer
from r1plan.money import usd
from r1plan.plan.llamacpp.option import Option, Plan, Rejection
from r1plan.plan.llamacpp.speed.decode_time import disk_bandwidth
from r1plan.plan.speed import Range
from r1plan.plan.workload import Workload
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import card_name, count, gib

if TYPE_CHECKING:
    from rich.console import Console

_NARROW = 116
_TIERS = {"off_peak": " (off-peak now)", "peak": " (peak now)"}


def show_plan(plan: Plan, api: Sequence[ApiOffer], out: Console) -> None:
    """Print the plan."""
    for line in opening(plan, api):
        out.print("\n".join(wrap(printable(line), out.width, break_on_hyphens=False)), markup=False)
    options = [option for option in (plan.choice, *plan.alternatives) if option is not None]
    if options:
        out.print()
        _table(options, out)
    closing = rejected_line(plan.rejected)
    if closing and (plan.choice is None or plan.choice.fits):
        out.print()
        out.print("\n".join(wrap(closing, out.width, break_on_hyphens=False)), markup=False)


def opening(plan: Plan, api: Sequence[ApiOffer]) -> Iterator[str]:
    """What to run, and what the APIs would charge for the same work."""
    if plan.choice is not None:
        yield headline(plan.choice, plan.machine)
        if running := _running(plan.choice, plan.workload):
            yield running
    if api:
        yield api_line(api, plan.workload)


def headline(option: Option, machine: Machine) -> str:
    """The sentence to act on."""
    where = machine_name(option, machine)
    context = f"{count(option.context, 'token')} of context"
    if not option.fits:
        return f"{option.model.id} at {option.quant.name} with {context} does not fit {where}: it {option.reason}."
    speed = f"about {_speed(option.speed.decode[0].tok_s)}"
    if option.disk_bytes:
        spare = f"as {gib(option.disk_bytes)} GiB of experts find no room and are read from {disk_bandwidth(machine)}"
    else:
        tightest = min(option.memory, key=lambda each: each.spare_bytes)
        spare = f"{gib(tightest.spare_bytes)} GiB to spare"
    return f"Run {option.model.id} at {option.quant.name} with {context} on {where}: {speed}, {spare}."


def machine_name(option: Option, machine: Machine) -> str:
    """Where an option runs, as people say it: "your RTX 4090", "2 x RTX 3090 with the experts in RAM"."""
    your = machine.origin == "detected"
    used = {each.device.gpu_index for each in option.memory} - {None}
    names = [card_name(gpu.name) for gpu in machine.gpus if gpu.index in used]
    if not names:
        return "your processor" if your else "the processor"
    numbers = {name: names.count(name) for name in names}
    if your:
        said = "your " + " and ".join(f"{n} {name}" if n > 1 else name for name, n in numbers.items())
    else:
        said = " and ".join(f"{n} x {name}" for name, n in numbers.items())
    in_ram = {"experts-in-ram": " with experts in RAM", "partial": " with some layers in RAM"}
    return said + in_ram.get(option.placement.layout, "")


def api_line(api: Sequence[ApiOffer], workload: Workload) -> str:
    """What the same request costs where it is sold by the token."""
    said = []
    for offer in (next((each for each in api if each.is_r1), None), next((e for e in api if not e.is_r1), None)):
        if offer is None:
            continue
        month = f", {usd(offer.usd_per_month)} a month" if offer.usd_per_month is not None else ""
        tier = _TIERS.get(offer.price.tier, "")
        said.append(f"{offer.provider_name}'s {offer.model} {usd(offer.usd_per_request * 1000)}{month}{tier}")
    tokens = f"{workload.input_tokens:,} tokens in, {workload.output_tokens:,} out"
    return f"At an API instead, 1,000 requests of {tokens}: {'; '.join(said)}."


def _running(option: Option, workload: Workload) -> str | None:
    if option.cost.usd_per_mtok_output is None:
        return None
    month = f", {usd(option.cost.usd_per_month)} a month" if option.cost.usd_per_month is not None else ""
    return (
        f"Electricity at ${workload.power_usd_per_kwh:g} a kWh: {usd(option.cost.usd_per_mtok_output)} "
        f"a million tokens of output{month}, at the cards' power limit."
    )


def rejected_line(rejected: Sequence[Rejection]) -> str:
    """How many options were rejected, with the nearest misses in numbers."""
    if not rejected:
        return ""
    memory = [each for each in rejected if each.shortfall_bytes is not None]
    slow = [each for each in rejected if each.tok_s is not None]
    behind = len(rejected) - len(memory) - len(slow)
    parts = []
    if memory:
        parts.append(f"{len(memory):,} {'needs' if len(memory) == 1 else 'need'} more memory")
    if slow:
        parts.append(f"{len(slow):,} would be too slow")
    if behind:
        parts.append(f"{behind:,} {'fits and ranks' if behind == 1 else 'fit and rank'} lower")
    nearest = "; ".join(f"{each.id} {each.reason}" for each in memory[:1] + slow[:1])
    example = f" Nearest misses: {nearest}." if nearest else ""
    return f"{count(len(rejected), 'other option')} rejected: {', '.join(parts)}.{example}"


def _table(options: list[Option], out: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    narrow = out.width < _NARROW
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column("model", no_wrap=True, overflow="fold")
    for title in ("where", "context", "GiB", "tok/s"):
        table.add_column(title, justify="left" if title == "where" else "right", no_wrap=not narrow or title != "where")
    if not narrow:
        table.add_column("GPQA", justify="right")
    table.add_column("why", overflow="fold")
    for number, option in enumerate(options):
        model = f"{option.model.id}\n  {option.quant.name}" if narrow else f"{option.model.id} {option.quant.name}"
        cells = [
            model,
            where(option),
            _context(option),
            gib(option.needed_bytes),
            _speed(option.speed.decode[0].tok_s, unit="", narrow=narrow),
        ]
        if not narrow:
            cells.append(_gpqa(option))
        table.add_row(*cells, option.reason, style="bold" if number == 0 else None)
    out.print(table)


def where(option: Option) -> str:
    """The layout in two or three words."""
    placement = option.placement
    cards = len(placement.used_gpus)
    on = "GPU" if cards == 1 else f"{cards} GPUs"
    match placement.layout:
        case "gpu":
            return "GPU"
        case "gpu-split":
            return on
        case "experts-in-ram":
            beside = "RAM and on disk" if option.disk_bytes else "RAM"
            return f"{on} + experts in {beside}"
        case "partial":
            beside = "RAM, experts on disk" if option.disk_bytes else "RAM"
            return f"{on}, {placement.host_layers} of {placement.layers} layers in {beside}"
        case "cpu":
            return "CPU + experts on disk" if option.disk_bytes else "CPU"
        case "unified":
            return "GPU"


def _context(option: Option) -> str:
    kept = "" if option.settings.kv_type == "f16" else f" {option.settings.kv_type}"
    return f"{option.context:,}{kept}"


def _gpqa(option: Option) -> str:
    found = next((score.score for score in option.quality.scores if score.benchmark == "gpqa_diamond"), None)
    return "-" if found is None else f"{found:.1f}"


def _speed(speed: Range, unit: str = " tok/s", narrow: bool = False) -> str:
    digits = 0 if speed.mid >= 10 else 1 if speed.mid >= 0.3 else 2
    if narrow:
        return f"{speed.mid:.{digits}f}"
    return f"{speed.mid:.{digits}f}{unit} ({speed.low:.{digits}f}-{speed.high:.{digits}f})"
