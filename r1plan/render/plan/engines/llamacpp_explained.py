"""An option of llama.cpp in parts: memory, what limits it, where the time of a token goes, and its scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from r1plan.deploy.llama_cpp import engine_flags, serve_command
from r1plan.plan.llamacpp.memory.parts import DeviceMemory, Term
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Runtime
from r1plan.plan.plan import Plan
from r1plan.render.plan.bars import BarTerm, MemoryBar, mark, whole_bar
from r1plan.render.plan.explained import answer_lines, range_text, token_time
from r1plan.render.plan.view import OptionT
from r1plan.render.plan.words import improvement_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.screen import Screen
from r1plan.render.text.units import count, memory_size
from r1plan.units import GIB

if TYPE_CHECKING:
    from r1plan.plan.headroom import Gain, Headroom

_BAR_COLUMNS = 60
_LEAST_BASIS_COLUMNS = 10
_RUNTIMES: dict[Runtime, str] = {"in-process": "a plain context", "llama-server": "llama-server"}
_TERMS: dict[Term, str] = {"weights": "weights", "kv_cache": "KV cache", "compute": "compute", "overhead": "overhead"}


def parts_of(plan: Plan[Option], option: Option, headroom: Headroom[Option] | None, screen: Screen) -> Iterator[str]:
    """The lines, an empty one and a heading before each part."""
    yield from _memory(option, screen)
    if headroom is not None:
        yield from _headroom(option, headroom)
    if option.fits:
        yield from _speed(plan, option)
    yield from _quality(option)


def memory_bars(option: Option) -> Iterator[MemoryBar]:
    """A bar for each device that holds something of the model; cards that hold the same have one."""
    several = sum(each.device.kind == "gpu" for each in option.memory) > 1
    # Beside cards that hold the whole model, host memory is not worth a line.
    left_out = ("disk", "host") if option.placement.used_gpus and option.on_gpus_alone else ("disk",)
    for group in _alike(each for each in option.memory if each.device.kind not in left_out):
        indices = [each.device.gpu_index for each in group]
        number = f" {indices[0]}" if len(group) == 1 else f" {indices[0]}-{indices[-1]}"
        names = {"gpu": f"GPU{number if several else ''}", "host": "RAM", "unified": "memory"}
        yield memory_bar(group[0], names.get(group[0].device.kind, ""))


def memory_bar(memory: DeviceMemory, called: str) -> MemoryBar:
    """All of the memory of one device."""
    device = memory.device
    sizes: list[tuple[BarTerm, int]] = [(term, memory.bytes_of(term)) for term in _TERMS]
    sizes.append(("free", max(memory.spare_bytes, 0)))
    sizes.append(("taken", max(device.capacity_bytes - device.free_bytes, 0)))
    return MemoryBar(called, tuple(sizes))


def _alike(memory: Iterable[DeviceMemory]) -> Iterator[list[DeviceMemory]]:
    """Neighbouring devices of which the same would be said, together."""
    for _, group in groupby(memory, key=_said):
        yield list(group)


def _said(memory: DeviceMemory) -> tuple[object, ...]:
    device = memory.device
    sizes = [device.capacity_bytes, device.free_bytes, memory.spare_bytes, *(each.size_bytes for each in memory.parts)]
    return device.kind, *map(memory_size, sizes), *((each.basis, each.why) for each in memory.parts)


def _memory(option: Option, screen: Screen) -> Iterator[str]:
    settings = option.settings
    yield ""
    yield f"Memory of {option.id} at {option.context:,} tokens"
    attention = "with" if settings.flash_attn else "without"
    yield (
        f"  counted for {_RUNTIMES[settings.runtime]}: {settings.kv_type} cache, {count(settings.slots, 'slot')}, "
        f"micro-batches of {settings.n_ubatch:,} tokens, {attention} flash attention"
    )
    yield f"  largest context that fits: {option.context_max:,} tokens"
    yield f"  as a server: {serve_command(option) or ' '.join(engine_flags(option))}"
    for group in _alike(option.memory):
        first, last = group[0].device.name, group[-1].device.name
        yield from _device(group[0], first if first == last else f"{first} to {last}, each", screen)


def _device(memory: DeviceMemory, called: str, screen: Screen) -> Iterator[str]:
    device = memory.device
    if device.kind == "disk":
        yield (
            f"  {called}: {memory_size(memory.total_bytes)} of the file's {memory_size(device.capacity_bytes)} "
            "are experts that find no room in memory and are read when a token needs them"
        )
        return
    yield (
        f"  {called}: {memory_size(memory.total_bytes)} of {memory_size(device.free_bytes)} free "
        f"({memory_size(device.capacity_bytes)} in all), {memory_size(device.margin_bytes)} kept as a margin"
    )
    shown = memory_bar(memory, called)
    if memory.fits and (columns := min(screen.columns - 4, _BAR_COLUMNS)) > 0:
        yield f"    {whole_bar(shown, columns, screen)}"
    bases = max(_LEAST_BASIS_COLUMNS, *(len(part.basis) for part in memory.parts))
    for part in memory.parts:
        if part.size_bytes:
            size = f"{_TERMS[part.term]:<9} {memory_size(part.size_bytes):>10}"
            yield f"    {mark(part.term, screen)} {size}  {part.basis:<{bases}}  {part.why}"
    if memory.fits:
        yield f"    {mark('free', screen)} {'free':<9} {memory_size(memory.spare_bytes):>10}"
        if taken := shown.bytes_of("taken"):
            size = f"{'taken':<9} {memory_size(taken):>10}"
            yield f"    {mark('taken', screen)} {size}  by the driver, the system or others"


def _headroom(option: Option, headroom: Headroom[Option]) -> Iterator[str]:
    yield ""
    yield "Room"
    if headroom.full_first is None:
        yield f"  the model's own limit comes first: it reads at most {option.model.context_max:,} tokens"
    else:
        device, context = headroom.full_first
        yield f"  as the context grows in this layout, {device} is full first: at {context:,} tokens"
    if headroom.most_slots is not None:
        still = "still fits" if headroom.most_slots == 1 else "still fit"
        yield f"  as slots grow, {count(headroom.most_slots, 'slot')} of {option.context:,} tokens {still}"
    for gain in headroom.gains:
        buys = improvement_text(gain.better) if gain.better else "would change nothing"
        yield printable(f"  {more_room(gain)}: {buys}")


def more_room(gain: Gain[OptionT]) -> str:
    """Where there would be more room, and how: "2 GiB more on gpu0"."""
    if gain.headless:
        return f"headless, with the {memory_size(gain.extra_bytes)} of {gain.device} that a desktop is taken to hold"
    if gain.process is None:
        return f"{gain.extra_bytes // GIB} GiB more on {gain.device}"
    name = gain.process.name or "a process"
    held = f"which holds {memory_size(gain.extra_bytes)} of {gain.device}"
    return f"closing {name} (pid {gain.process.pid}), {held}"


def _speed(plan: Plan[Option], option: Option) -> Iterator[str]:
    speed = option.speed
    yield ""
    yield f"Speed ({speed.basis}; {speed.source})"
    for each in sorted(speed.decode, key=lambda one: one.depth):
        yield f"  decoding {each.depth:>7,} tokens deep  {range_text(each.tok_s)}"
    if speed.prefill_tok_s is not None:
        yield f"  reading the prompt          {range_text(speed.prefill_tok_s)}"
    yield token_time(speed)
    yield from answer_lines(plan, option)


def _quality(option: Option) -> Iterator[str]:
    quality = option.quality
    yield ""
    yield "Quality (published scores of the unquantised model)"
    ratio = f"{option.quant_name}: perplexity {quality.quant.perplexity_ratio:.3f} times that of the full model"
    yield printable(f"  {ratio} ({quality.quant.basis}; {quality.quant.source})")
    for score in quality.scores:
        yield printable(f"  {score.benchmark:<22} {score.score:>7g}  {score.source}")
