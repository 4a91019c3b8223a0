"""An option of llama.cpp in parts: memory, what limits it, where the time of a token goes, and its scores."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.deploy.llama_cpp import engine_flags
from r1plan.plan.headroom import Gain, Headroom
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.option import Option
from r1plan.render.plan.explained import range_text, token_time
from r1plan.render.plan.words import improvement_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count, memory_size
from r1plan.units import GIB

_TERMS = {"weights": "weights", "kv_cache": "KV cache", "compute": "compute", "overhead": "overhead"}


def parts_of(option: Option, headroom: Headroom[Option] | None) -> Iterator[str]:
    """The lines, an empty one before each part."""
    yield from _memory(option)
    if headroom is not None:
        yield from _headroom(option, headroom)
    yield from _speed(option)
    yield from _quality(option)


def _memory(option: Option) -> Iterator[str]:
    settings = option.settings
    yield ""
    attention = "on" if settings.flash_attn else "off"
    yield (
        f"Memory of {option.id} at {option.context:,} tokens ({settings.kv_type} cache, n_ubatch {settings.n_ubatch}, "
        f"slots {settings.slots}, flash attention {attention}, {settings.runtime})"
    )
    yield f"  largest context that fits: {option.context_max:,} tokens"
    yield f"  {' '.join(engine_flags(option))}"
    for device in option.memory:
        yield from _device(device)


def _device(memory: DeviceMemory) -> Iterator[str]:
    device = memory.device
    if device.kind == "disk":
        yield (
            f"  {device.name}: {memory_size(memory.total_bytes)} of the file's {memory_size(device.capacity_bytes)} "
            "are experts that find no room in memory and are read when a token needs them"
        )
        return
    yield (
        f"  {device.name}: {memory_size(memory.total_bytes)} of {memory_size(device.free_bytes)} free "
        f"({memory_size(device.capacity_bytes)} in all), {memory_size(device.margin_bytes)} kept as a margin"
    )
    for part in memory.parts:
        if not part.size_bytes:
            continue
        yield f"    {_TERMS[part.term]:<9} {memory_size(part.size_bytes):>11}  {part.basis:<10}  {part.why}"


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
        yield printable(f"  {_more_room(gain)}: {buys}")


def _more_room(gain: Gain[Option]) -> str:
    if gain.process is None:
        return f"{gain.extra_bytes // GIB} GiB more on {gain.device}"
    name = gain.process.name or "a process"
    held = f"which holds {memory_size(gain.extra_bytes)} of {gain.device}"
    return f"closing {name} (pid {gain.process.pid}), {held}"


def _speed(option: Option) -> Iterator[str]:
    speed = option.speed
    yield ""
    yield f"Speed ({speed.basis}; {speed.source})"
    for each in sorted(speed.decode, key=lambda one: one.depth):
        yield f"  decoding {each.depth:>7,} tokens deep  {range_text(each.tok_s)}"
    if speed.prefill_tok_s is not None:
        yield f"  reading the prompt          {range_text(speed.prefill_tok_s)}"
    yield token_time(speed)


def _quality(option: Option) -> Iterator[str]:
    quality = option.quality
    yield ""
    yield "Quality (published scores of the unquantised model)"
    ratio = f"{option.quant_name}: perplexity {quality.quant.perplexity_ratio:.3f} times that of the full model"
    yield printable(f"  {ratio} ({quality.quant.basis}; {quality.quant.source})")
    for score in quality.scores:
        yield printable(f"  {score.benchmark:<22} {score.score:>7g}  {score.source}")
